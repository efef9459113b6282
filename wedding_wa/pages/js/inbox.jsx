// The Inbox's own pieces: the lines that scroll, days and hours, and the sheet an answer
// is written on.
import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { say, pageLanguage } from "$/utils/words";
import { fullTime } from "$/utils/live";

const NEAR_END_PX = 80;
// An answer that was not taken over within this time may be pressed again: it has the
// same draft, so it goes once.
const PATIENCE_MS = 8000;

// The lines. Opened at the end; then the reader's place is kept: at the end it follows
// what comes, anywhere else it stays, also when earlier lines are put before the first.
export function Thread({ chat, newest, heard, unread, said, lang, onSeen, children }) {
  const box = useRef(null);
  const was = useRef({ chat: "", newest: "", heard: "", height: 0, atEnd: true });
  const [below, setBelow] = useState(false);
  const [told, tell] = useState("");

  useLayoutEffect(() => {
    const area = box.current;
    const before = was.current;
    const opened = before.chat !== chat;
    const came = !opened && before.heard !== heard;
    const isNew = came || (!opened && before.newest !== newest);
    if (opened || (isNew && before.atEnd)) {
      area.scrollTop = area.scrollHeight;
      setBelow(false);
    } else if (isNew) {
      setBelow(true);
    } else if (area.scrollHeight > before.height && area.scrollTop < NEAR_END_PX && !before.atEnd) {
      area.scrollTop += area.scrollHeight - before.height;
    } else if (before.atEnd) {
      area.scrollTop = area.scrollHeight;
    }
    if (opened) tell("");
    else if (came && heard) tell(said);
    was.current = { ...before, chat, newest, heard, height: area.scrollHeight };
  });

  const onScroll = () => {
    const area = box.current;
    const atEnd = area.scrollHeight - area.scrollTop - area.clientHeight < NEAR_END_PX;
    was.current.atEnd = atEnd;
    if (atEnd) setBelow(false);
  };

  // Only who looks has seen: a tab in the background marks nothing read.
  useEffect(() => {
    if (!unread || !chat) return;
    const look = () => document.visibilityState === "visible" && onSeen(chat);
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [unread, chat, heard]);

  const toEnd = () => {
    box.current.scrollTo({ top: box.current.scrollHeight, behavior: "smooth" });
  };
  return (
    <div className="thread-place">
      <div className="thread-scroll" ref={box} onScroll={onScroll} tabIndex={0}
        role="region" aria-label={say(lang, "inbox.title")}>
        {children}
      </div>
      {below && (
        <button type="button" className="thread-below" onClick={toEnd}>
          {say(lang, "inbox.new_below")} <span aria-hidden="true">↓</span>
        </button>
      )}
      <span className="only-heard" role="status">{told}</span>
    </div>
  );
}

const dayOf = (date, zone) =>
  new Intl.DateTimeFormat("en-CA", {
    timeZone: zone || "UTC", year: "numeric", month: "2-digit", day: "2-digit",
  }).format(date);

const A_DAY_MS = 86_400_000;

// "Today", "Yesterday", "Saturday 21 November".
export function Day({ date, zone, lang }) {
  const now = Date.now();
  if (date === dayOf(now, zone)) return say(lang, "inbox.today");
  if (date === dayOf(now - A_DAY_MS, zone)) return say(lang, "inbox.yesterday");
  const words = { weekday: "long", day: "numeric", month: "long" };
  if (date.slice(0, 4) !== dayOf(now, zone).slice(0, 4)) words.year = "numeric";
  return new Intl.DateTimeFormat(lang || pageLanguage(), { timeZone: "UTC", ...words })
    .format(new Date(`${date}T12:00:00Z`));
}

// "18:12" in the wedding's zone, in full on hover.
export function Clock({ at, zone, lang }) {
  if (!at) return null;
  const date = new Date(at);
  const hour = new Intl.DateTimeFormat(lang || pageLanguage(), {
    timeZone: zone || "UTC", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  return <time dateTime={at} title={fullTime(date, zone, lang)}>{hour.format(date)}</time>;
}

const newDraft = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (n) => n.toString(36)).join("");

const kept = (name, chat) => sessionStorage.getItem(`reply-${name}-${chat}`) ?? "";
const keep = (name, chat, value) => sessionStorage.setItem(`reply-${name}-${chat}`, value);

// The answer to one person. Words and draft live in this tab's own store, apart for each
// chat: neither another chat, a reload nor a restarted server loses them.
export function ReplyBox({ chat, ...rest }) {
  return <Sheet key={chat} chat={chat} {...rest} />;
}

function Sheet({ chat, name, sent, error, limit, lang, onReply, children }) {
  const [text, setText] = useState(() => kept("text", chat));
  const [draft, setDraft] = useState(() => kept("draft", chat) || newDraft());
  const [going, setGoing] = useState("");
  const field = useRef(null);
  const id = useId();

  const write = (words) => {
    setText(words);
    keep("text", chat, words);
    keep("draft", chat, draft);
  };
  useEffect(() => {
    if (sent !== draft) return;
    const next = newDraft();
    setDraft(next);
    setText("");
    setGoing("");
    keep("text", chat, "");
    keep("draft", chat, next);
  }, [sent]);
  useEffect(() => {
    if (!going) return;
    const timer = setTimeout(() => setGoing(""), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [going]);
  useEffect(() => setGoing(""), [error]);
  // As tall as what is in it; where the browser cannot do so by itself.
  useEffect(() => {
    const area = field.current;
    if (!area || CSS.supports("field-sizing", "content")) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }, [text]);

  const n = [...text.trim()].length;
  const fits = n > 0 && n <= limit;
  const send = () => {
    if (!fits || going === draft) return;
    setGoing(draft);
    onReply({ chat, text, draft });
  };
  const keys = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    }
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      field.current.blur();
    }
  };
  const who = name || say(lang, "inbox.reply.somebody");
  const near = n > limit - 200;
  return (
    <form
      className="reply"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className="reply-row">
        <textarea
          ref={field}
          className="field reply-text"
          dir="auto"
          rows={1}
          value={text}
          placeholder={say(lang, "inbox.reply.placeholder", { name: who })}
          aria-label={say(lang, "inbox.reply.placeholder", { name: who })}
          aria-invalid={error !== "" || n > limit}
          aria-describedby={`${id}-error ${id}-under`}
          onChange={(event) => write(event.target.value)}
          onKeyDown={keys}
          data-reply="true"
        />
        <button type="submit" className="reply-send" aria-disabled={!fits || going === draft}
          title={say(lang, "inbox.reply.hint")}>
          {say(lang, going === draft ? "inbox.reply.sending" : "inbox.reply.send")}
        </button>
      </div>
      <p id={`${id}-error`} className="field-error" role="alert">{error}</p>
      <div id={`${id}-under`} className="reply-under">
        {children}
        {near && (
          <span className="reply-count figures" data-over={n > limit}>
            {say(lang, "inbox.reply.count", { n, limit })}
          </span>
        )}
      </div>
    </form>
  );
}
