// Everything by keyboard. No single key ever sends, cancels or deletes.
//   /  search    ?  help    g then a letter  go to a page    j k  next, previous row
//   r  write an answer    x  choose the row, X all from the last one    esc  close the side panel
import { useEffect } from "react";

const WAITS_FOR_LETTER_MS = 1500;

const isTyping = (target) =>
  target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName);

const isBusy = () =>
  document.querySelector('[role="dialog"][data-state="open"], [role="alertdialog"], [role="menu"]');

const press = (selector) => {
  const found = document.querySelector(selector);
  if (!found) return false;
  /^(input|textarea)$/i.test(found.tagName) ? found.focus() : found.click();
  return true;
};

const moveRow = (step) => {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return false;
  const at = rows.indexOf(document.activeElement?.closest?.("[data-row]"));
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  rows[Math.min(rows.length - 1, Math.max(0, next))].focus();
  return true;
};

// Into a selection, or out of it. This alone does nothing to anybody.
const chooseRow = (shiftKey) => {
  const row = document.activeElement?.closest?.("[data-row]")?.closest("tr");
  const box = row?.querySelector("[data-select]");
  box?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey }));
  return Boolean(box);
};

export function Keys() {
  useEffect(() => {
    let goUntil = 0;
    const onKey = (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape" && !isBusy()) return press("[data-esc]");
      if (isTyping(event.target) || isBusy()) return;
      const going = Date.now() < goUntil;
      goUntil = event.key === "g" ? Date.now() + WAITS_FOR_LETTER_MS : 0;
      const done =
        (going && press(`[data-go="${CSS.escape(event.key)}"]`)) ||
        (event.key === "/" && press("[data-search]")) ||
        (event.key === "?" && press("[data-help]")) ||
        (event.key === "r" && press("[data-reply]")) ||
        (/^x$/i.test(event.key) && chooseRow(event.shiftKey)) ||
        (event.key === "j" && moveRow(1)) ||
        (event.key === "k" && moveRow(-1));
      if (done) event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return null;
}
