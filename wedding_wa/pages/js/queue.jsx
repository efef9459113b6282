// The Queue page's own pieces: links that keep the rest of the URL, the search field,
// the stillness of a list somebody points at, ids to copy.
import { useEffect, useRef, useState } from "react";
import { Link, useLocation, useNavigate } from "react-router";
import { copyText } from "$/utils/copy";
import { say } from "$/utils/words";

const QUIET_MS = 250;
const RESTS_AFTER_MS = 5000;
const COPIED_MS = 1600;

// The query string with some parameters set; "" takes one out.
const changed = (search, set) => {
  const query = new URLSearchParams(search);
  for (const [name, value] of Object.entries(set)) {
    value ? query.set(name, value) : query.delete(name);
  }
  return query.toString();
};

// A link to this page with some parameters changed.
export function QueryLink({ to, children, ...rest }) {
  const { pathname, search } = useLocation();
  return (
    <Link to={{ pathname, search: changed(search, to) }} preventScrollReset {...rest}>
      {children}
    </Link>
  );
}

// The search field: its words go to the URL once the typing pauses. `label` says what
// it looks through.
export function Search({ label }) {
  const { pathname, search } = useLocation();
  const navigate = useNavigate();
  const inUrl = new URLSearchParams(search).get("q") ?? "";
  const [text, setText] = useState(inUrl);
  const sent = useRef(inUrl);

  useEffect(() => {
    if (inUrl === sent.current) return;
    sent.current = inUrl; // the back button, a cleared filter
    setText(inUrl);
  }, [inUrl]);

  useEffect(() => {
    const wanted = text.trim();
    if (wanted === inUrl) return;
    const timer = setTimeout(() => {
      sent.current = wanted;
      const query = changed(search, { q: wanted, after: "", before: "" });
      navigate({ pathname, search: query }, { replace: true, preventScrollReset: true });
    }, QUIET_MS);
    return () => clearTimeout(timer);
  }, [text, search]);

  return (
    <input
      type="search"
      className="queue-search"
      value={text}
      onChange={(event) => setText(event.target.value)}
      placeholder={label}
      aria-label={label}
      autoComplete="off"
      spellCheck={false}
      maxLength={80}
      data-search="true"
    />
  );
}

// Tells when somebody points at `[data-calm]`, and when they have left it, rest, or
// click on `[data-release]`.
export function Calm({ onHold }) {
  const tell = useRef(onHold);
  tell.current = onHold;
  useEffect(() => {
    let still = false;
    let timer;
    const set = (value) => {
      clearTimeout(timer);
      if (value) timer = setTimeout(() => set(false), RESTS_AFTER_MS);
      if (value === still) return;
      still = value;
      tell.current(value);
    };
    const onPoint = (event) => set(Boolean(event.target.closest?.("[data-calm]")));
    const onLeave = () => set(false);
    const onClick = (event) => event.target.closest?.("[data-release]") && set(false);
    const events = ["pointermove", "pointerdown", "focusin"];
    events.forEach((name) => document.addEventListener(name, onPoint, { passive: true }));
    document.addEventListener("click", onClick);
    document.documentElement.addEventListener("pointerleave", onLeave);
    return () => {
      clearTimeout(timer);
      events.forEach((name) => document.removeEventListener(name, onPoint));
      document.removeEventListener("click", onClick);
      document.documentElement.removeEventListener("pointerleave", onLeave);
    };
  }, []);
  return null;
}

// An id and the button that copies it.
export function CopyId({ text, name, lang }) {
  const [copied, setCopied] = useState(false);
  const onClick = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_MS);
  };
  return (
    <button
      type="button"
      className="copy-id"
      onClick={onClick}
      aria-label={say(lang, "queue.panel.copy", { name })}
      title={say(lang, "queue.panel.copy", { name })}
    >
      <code>{text}</code>
      <span role="status">{copied ? say(lang, "queue.panel.copied") : ""}</span>
    </button>
  );
}
