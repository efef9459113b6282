// Small pieces that count by themselves, so that the server need not send the time.
import { useEffect, useRef, useState } from "react";
import { toast as sonner } from "sonner";
import { say, pageLanguage } from "$/utils/words";

const STALE_AFTER_SECONDS = 12;

const useNow = (everyMs) => {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
};

// The word in the corner: live / reconnecting / stale since n s. `beat` moves with every
// sign of life of the server, `errors` counts failed connections.
export function LiveWord({ beat, errors, lang }) {
  const heard = useRef(Date.now());
  const now = useNow(1000);
  useEffect(() => {
    heard.current = Date.now();
  }, [beat]);

  const age = Math.max(0, Math.round((now - heard.current) / 1000));
  const stale = age > STALE_AFTER_SECONDS;
  const state = stale ? "stale" : errors > 0 ? "reconnecting" : "live";
  const words = say(lang, `layout.live.${state}`, { n: age });
  return (
    <span className="live-word" data-live={state} title={say(lang, `layout.live.about.${state}`)}>
      <i aria-hidden="true" />
      <span aria-hidden="true">{words}</span>
      <span className="only-heard" role="status">
        {say(lang, `layout.live.heard.${state}`)}
      </span>
    </span>
  );
}

// Shows the server's notices. The last one shown is remembered for this tab: a reload or
// a change of page must not show it again.
export function Toasts({ notice }) {
  useEffect(() => {
    if (!notice?.id || sessionStorage.getItem("shown-toast") === notice.id) return;
    sessionStorage.setItem("shown-toast", notice.id);
    const lasts = notice.kind === "error" ? 12000 : 5000;
    (sonner[notice.kind] ?? sonner)(notice.text, { id: notice.id, duration: lasts });
  }, [notice?.id]);
  return null;
}

// Passes the account's language and theme on to the document and the login page.
export function Language({ lang }) {
  useEffect(() => {
    if (!lang) return;
    document.documentElement.lang = lang;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `lang=${lang}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }, [lang]);
  return null;
}

const clock = (date, zone, lang, options) =>
  new Intl.DateTimeFormat(lang || pageLanguage(), { timeZone: zone || "UTC", ...options }).format(date);

const isToday = (date, zone) => {
  const day = { year: "numeric", month: "numeric", day: "numeric" };
  return clock(date, zone, "en", day) === clock(new Date(), zone, "en", day);
};

export const fullTime = (date, zone, lang) =>
  clock(date, zone, lang, { dateStyle: "full", timeStyle: "medium" });

// A moment in the wedding's zone: "18:12" today, "24 Nov, 18:12" on another day.
export function Time({ at, zone, lang, seconds = false }) {
  if (!at) return null;
  const date = new Date(at);
  const hours = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (seconds) hours.second = "2-digit";
  const day = isToday(date, zone) ? {} : { day: "numeric", month: "short" };
  return (
    <time dateTime={at} title={fullTime(date, zone, lang)}>
      {clock(date, zone, lang, { ...day, ...hours })}
    </time>
  );
}

const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

const relative = (seconds, lang) => {
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? STEPS[3];
  const words = new Intl.RelativeTimeFormat(lang || pageLanguage(), { numeric: "auto", style: "short" });
  return words.format(Math.trunc(seconds / size), unit);
};

// "3 min. ago", "in 2 hr.": moves on by itself; the absolute time on hover.
export function Ago({ at, zone, lang }) {
  const now = useNow(1000);
  if (!at) return null;
  const date = new Date(at);
  return (
    <time dateTime={at} title={fullTime(date, zone, lang)}>
      {relative((date.getTime() - now) / 1000, lang)}
    </time>
  );
}

const two = (n) => String(n % 60).padStart(2, "0");

const span = (n) => {
  if (n < 60) return `${n} s`;
  const minutes = Math.floor(n / 60);
  return minutes < 60
    ? `${minutes}:${two(n)}`
    : `${Math.floor(minutes / 60)}:${two(minutes)}:${two(n)}`;
};

// Seconds since `at` ("12 s", "1:05", "2:00:07"), or until it when `down` is set.
export function Seconds({ at, down = false }) {
  const now = useNow(500);
  if (!at) return null;
  const apart = (new Date(at).getTime() - now) / 1000;
  const n = Math.max(0, Math.round(down ? apart : -apart));
  return <span className="figures">{span(n)}</span>;
}
