// Finds, copies and opens. The page is whole without it.
"use strict";

const form = document.querySelector(".find");
const box = document.getElementById("find");
const none = document.querySelector(".none");
const routes = [...document.querySelectorAll(".route")];
const written = (part) => part.textContent.toLowerCase();
const head = (route) =>
  [...route.querySelectorAll(".method, .path, .what")].map(written).join(" ");
const heads = new Map(routes.map((route) => [route, head(route)]));
const texts = new Map(routes.map((route) => [route, written(route)]));

function find() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  const having = (where) =>
    routes.filter((route) => words.every((word) => where.get(route).includes(word)));
  // What a route is comes first; what stands somewhere in it, where no route is that.
  const named = having(heads);
  const found = new Set(named.length ? named : having(texts));
  for (const route of routes) route.hidden = !found.has(route);
  for (const noun of document.querySelectorAll(".noun")) {
    noun.hidden = !noun.querySelector(".route:not([hidden])");
  }
  none.hidden = routes.some((route) => !route.hidden);
}

function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.hidden = false;
    target.open = true;
    target.scrollIntoView();
  }
}

async function copy(event) {
  const button = event.currentTarget;
  const text = button.parentElement.querySelector("code").textContent;
  await navigator.clipboard.writeText(text);
  const before = button.textContent;
  button.textContent = "✓";
  setTimeout(() => (button.textContent = before), 1500);
}

form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
box.addEventListener("input", find);
addEventListener("hashchange", open);
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement.tagName !== "INPUT") {
    event.preventDefault();
    box.focus();
  }
});
if (navigator.clipboard) {
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", copy);
  }
}
open();
