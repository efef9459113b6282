// Says a key in a language, as words/catalogue.py does on the server.
import { fallback, words } from "$/utils/words_data";

// The head script has put the reader's language on <html> before the first paint.
export const pageLanguage = () =>
  globalThis.document?.documentElement.lang || fallback;

const lookUp = (lang, key) => words[lang]?.[key] ?? words[fallback]?.[key];

export function say(lang, key, params = {}) {
  let entry = lookUp(lang || pageLanguage(), key);
  if (entry === undefined) return key.split(".").pop().replaceAll("_", " ");
  if (typeof entry === "object") entry = params.n === 1 ? entry.one : entry.other;
  return entry.replace(/\{(\w+)\}/g, (hole, name) => params[name] ?? hole);
}
