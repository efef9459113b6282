"use strict";
// What a phone shows, drawn from what the simulator tells. Every word that a guest
// wrote goes through textContent.

const $ = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });
const sameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

function when(ms) {
  if (sameDay(ms, Date.now())) return clock.format(ms);
  return new Date(ms).toLocaleDateString([], { day: "numeric", month: "short" });
}

const number = (chat) => (chat.phone ? `+${chat.phone}` : `Hidden number (${chat.lid})`);
const title = (chat) => chat.name || number(chat);
const initials = (name) =>
  (name.replace(/[^\p{L}\s]/gu, "").trim() || "#")
    .split(/\s+/).slice(0, 2).map((word) => word[0].toUpperCase()).join("");
const hue = (text) => [...text].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);

function faceOf(node, name, key) {
  node.textContent = initials(name);
  node.style.setProperty("--hue", hue(key));
}

function ticks(message) {
  if (message.ack < 0) return make("span", { class: "ticks bad", title: "WhatsApp refused it" }, "! refused");
  if (!message.reached) return make("span", { class: "ticks", title: "It has not arrived" }, "🕓");
  if (message.ack >= 3) return make("span", { class: "ticks read", title: "Read" }, "✓✓");
  if (message.ack === 2) return make("span", { class: "ticks", title: "Delivered" }, "✓✓");
  return make("span", { class: "ticks", title: "Sent" }, "✓");
}

function bubble(message) {
  const meta = make("span", { class: "meta" });
  if (message.held) meta.append("waits until WAHA is back");
  meta.append(make("time", {}, clock.format(message.atMs)));
  if (message.mine) meta.append(ticks(message));
  const side = message.mine ? "mine" : "theirs";
  const node = make("li", { class: `bubble ${side}`, "data-id": message.id }, make("span"), meta);
  node.firstChild.textContent = message.text;
  return node;
}

const dots = () =>
  make("li", { class: "bubble mine dots", "aria-label": "typing" }, make("i"), make("i"), make("i"));

// Draws only what changed: a bubble that stands does not move or blink.
function drawBubbles(list, chat, typing) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const fresh = list.dataset.chat !== chat.chat;
  if (fresh) {
    list.replaceChildren();
    list.dataset.chat = chat.chat;
  }
  let last = null;
  const wanted = [];
  for (const message of chat.messages) {
    if (last === null || !sameDay(last, message.atMs)) {
      wanted.push([`day-${message.atMs}`, "", () =>
        make("li", { class: "day" }, sameDay(message.atMs, Date.now()) ? "Today" : day.format(message.atMs))]);
    }
    last = message.atMs;
    wanted.push([message.id, JSON.stringify(message), () => bubble(message)]);
  }
  if (typing) wanted.push(["typing", "", dots]);
  keep(list, wanted);
  if (fresh || atEnd) list.scrollTop = list.scrollHeight;
}

function keep(list, wanted) {
  wanted.forEach(([key, look, draw], index) => {
    const there = list.children[index];
    if (there && there.dataset.key === key && there.dataset.look === look) return;
    const node = draw();
    node.dataset.key = key;
    node.dataset.look = look;
    if (there && there.dataset.key === key) {
      node.style.animation = "none";
      there.replaceWith(node);
    } else list.insertBefore(node, there || null);
  });
  while (list.children.length > wanted.length) list.lastChild.remove();
}

function chatRow(chat, { current, typing, choose }) {
  const last = chat.messages.at(-1);
  const face = make("span", { class: "face guest-face", "aria-hidden": "true" });
  faceOf(face, title(chat), chat.chat);
  const name = make("strong");
  name.textContent = title(chat);
  const words = make("span", { class: typing ? "last typing" : "last" });
  words.textContent = typing ? "typing…" : last ? last.text : "";
  const end = make("span", { class: "row-end" }, make("span", { class: "when" }, last ? when(last.atMs) : ""));
  if (chat.unread) end.append(make("span", { class: "badge", "aria-label": `${chat.unread} unread` }, `${chat.unread}`));
  const row = make("button", {
    class: "chat-row", type: "button", "aria-current": `${current}`, "data-chat": chat.chat, onclick: choose,
  }, face, make("span", { class: "owner-words" }, name, words), end);
  return make("li", {}, row);
}
