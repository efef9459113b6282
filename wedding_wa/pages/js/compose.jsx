// A sheet of paper: to whom, and the words. What is typed lives here and in the tab's own
// store, so neither a reload nor a restarted server loses it.
import { useEffect, useId, useRef, useState } from "react";
import { say } from "$/utils/words";
import { Ago } from "$/utils/live";

const OTHER = "other";

const useKept = (name, initial) => {
  const [value, setValue] = useState(() => sessionStorage.getItem(name) ?? initial);
  const keep = (next) => {
    sessionStorage.setItem(name, next);
    setValue(next);
  };
  return [value, keep];
};

const FieldError = ({ id, text }) => (
  <p id={id} className="field-error" role="alert">{text}</p>
);

// People to choose from, and a field for any other number. Sends the choice as `to`.
export function Recipient({ people, account, name, error, lang, zone }) {
  const [chosen, choose] = useKept(`to-${account}`, "");
  const [number, setNumber] = useKept("to-number", "");
  const id = useId();
  const known = people.some((one) => one.to === chosen);
  const now = known || chosen === OTHER ? chosen : (people[0]?.to ?? OTHER);
  const row = (value, words) => (
    <label className="person" key={value} data-to={value}>
      <input type="radio" name={`choice-${id}`} checked={now === value} onChange={() => choose(value)} />
      {words}
    </label>
  );
  return (
    <fieldset className="people" aria-describedby={`${id}-error`}>
      <legend className="field-name">{say(lang, "test.to")}</legend>
      <input type="hidden" name="to" value={now === OTHER ? number : now} />
      {people.map((one) => row(one.to, <Person {...{ one, name, lang, zone }} />))}
      {row(
        OTHER,
        <>
          <span className="person-name">{say(lang, "test.other")}</span>
          <input
            className="field person-number"
            type="tel"
            autoComplete="off"
            aria-label={say(lang, "test.other")}
            placeholder={say(lang, "test.other_placeholder")}
            value={number}
            onFocus={() => choose(OTHER)}
            onChange={(event) => setNumber(event.target.value)}
            aria-invalid={now === OTHER && error !== ""}
          />
        </>,
      )}
      <FieldError id={`${id}-error`} text={error} />
    </fieldset>
  );
}

const Person = ({ one, name, lang, zone }) => {
  const own = !one.wrote_at;
  const who = own ? say(lang, "test.own", { name }) : one.name || one.phone || say(lang, "test.hidden");
  return (
    <>
      <span className="person-name">{who}</span>
      {who !== one.phone && <span className="person-phone figures">{one.phone}</span>}
      <span className="person-note">
        {own ? say(lang, "test.own_note") : <>{say(lang, "test.wrote")} <Ago at={one.wrote_at} {...{ zone, lang }} /></>}
      </span>
    </>
  );
};

// WhatsApp's own marks: *bold* _italic_ ~struck~ ```code```
const MARKS = [
  [/```([^`]+)```/, "code"],
  [/(?<![\p{L}\p{N}*])\*(\S(?:[^*\n]*\S)?)\*(?![\p{L}\p{N}*])/u, "b"],
  [/(?<![\p{L}\p{N}_])_(\S(?:[^_\n]*\S)?)_(?![\p{L}\p{N}_])/u, "i"],
  [/(?<![\p{L}\p{N}~])~(\S(?:[^~\n]*\S)?)~(?![\p{L}\p{N}~])/u, "s"],
];

const marked = (text, key = "m") => {
  for (const [pattern, Tag] of MARKS) {
    const found = pattern.exec(text);
    if (!found) continue;
    const after = found.index + found[0].length;
    const inside = Tag === "code" ? found[1] : marked(found[1], `${key}i`);
    return [
      ...marked(text.slice(0, found.index), `${key}a`),
      <Tag key={key}>{inside}</Tag>,
      ...marked(text.slice(after), `${key}z`),
    ];
  }
  return text ? [text] : [];
};

const clockNow = (zone, lang) =>
  new Intl.DateTimeFormat(lang || "en", {
    timeZone: zone || "UTC", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  }).format(new Date());

const newDraft = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (n) => n.toString(36)).join("");

// What becomes of the message stands under the sheet: bring it into view.
const showSent = () =>
  requestAnimationFrame(() =>
    document.getElementById("test-sent")?.scrollIntoView({ block: "nearest", behavior: "smooth" }),
  );

// The words, how many, and how they will look. `sent` names the draft that was taken
// over: this sheet is then a new one.
export function Sheet({ sent, limit, error, lang, zone }) {
  const [text, setText] = useKept("test-text", "");
  const [draft, setDraft] = useKept("test-draft", "");
  const field = useRef(null);
  const id = useId();
  useEffect(() => {
    if (!draft || sent === draft) {
      setDraft(newDraft());
      if (sent && sent === draft) {
        setText("");
        showSent();
      }
    }
  }, [sent, draft]);
  // As tall as what is in it; where the browser cannot do so by itself.
  useEffect(() => {
    const area = field.current;
    if (!area || CSS.supports("field-sizing", "content")) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }, [text]);
  const trimmed = text.trim();
  const n = [...trimmed].length;
  return (
    <div className="sheet">
      <label className="field-name" htmlFor={`${id}-text`}>{say(lang, "test.text")}</label>
      <textarea
        ref={field}
        id={`${id}-text`}
        name="text"
        className="field sheet-text"
        rows={4}
        value={text}
        placeholder={say(lang, "test.text_placeholder")}
        onChange={(event) => setText(event.target.value)}
        aria-invalid={error !== "" || n > limit}
        aria-describedby={`${id}-error ${id}-count`}
      />
      <input type="hidden" name="draft" value={draft} />
      <p id={`${id}-count`} className="sheet-count figures" data-over={n > limit}>
        {say(lang, "test.count", { n, limit })}
      </p>
      <FieldError id={`${id}-error`} text={error} />
      {trimmed && (
        <>
          <p className="field-name">{say(lang, "test.preview")}</p>
          <div className="wa-chat">
            <p className="wa-bubble">
              {marked(trimmed)}
              <span className="wa-bubble-time figures" aria-hidden="true">{clockNow(zone, lang)} ✓✓</span>
            </p>
          </div>
        </>
      )}
    </div>
  );
}

const COPIED_MS = 2500;

// Copies `text`; says so for a moment.
export function Copy({ text, lang }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_MS);
  };
  return (
    <button type="button" className="copy" onClick={copy} data-copy={text}>
      <span role="status">{say(lang, copied ? "test.first.copied" : "test.first.copy")}</span>
    </button>
  );
}
