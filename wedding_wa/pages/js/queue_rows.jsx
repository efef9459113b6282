// Pieces of the Queue's rows and of its dialog: checkboxes, the count down to the next
// try, the words of a message.
import { useEffect, useId, useRef, useState } from "react";
import { fullTime } from "$/utils/live";
import { say } from "$/utils/words";

// A box that was clicked shows it at once; should nobody answer, it goes back.
const ANSWER_MS = 2000;

const useHoped = (real) => {
  const [hoped, setHoped] = useState(null);
  useEffect(() => setHoped(null), [real]);
  useEffect(() => {
    if (hoped === null) return;
    const timer = setTimeout(() => setHoped(null), ANSWER_MS);
    return () => clearTimeout(timer);
  }, [hoped]);
  return [hoped ?? real, setHoped];
};

const boxes = () => [...document.querySelectorAll("[data-select]")];
const idOf = (box) => Number(box.dataset.select);
// Where the last click on a box was: a range begins there.
let lastId = null;

const rangeTo = (box) => {
  const all = boxes();
  const from = all.findIndex((one) => idOf(one) === lastId);
  const to = all.indexOf(box);
  if (from < 0) return [idOf(box)];
  return all.slice(Math.min(from, to), Math.max(from, to) + 1).map(idOf);
};

// A row's checkbox. With Shift it means every row from the last one to this.
export function Pick({ rowId, chosen, label, onChoose }) {
  const [shown, hope] = useHoped(chosen);
  const onClick = (event) => {
    const box = event.currentTarget;
    const ids = event.shiftKey ? rangeTo(box) : [rowId];
    lastId = rowId;
    hope(!shown);
    onChoose(ids, !shown);
  };
  return (
    <label className="queue-box">
      <input
        type="checkbox"
        checked={shown}
        onClick={onClick}
        onChange={() => {}}
        data-select={rowId}
      />
      <span className="only-heard">{label}</span>
    </label>
  );
}

// The checkbox of the whole page: half ticked while only some of it are selected.
export function PickPage({ chosen, label, onChoose }) {
  const box = useRef(null);
  const [shown, hope] = useHoped(chosen);
  useEffect(() => {
    box.current.indeterminate = shown === "some";
  }, [shown]);
  const onChange = () => {
    hope(shown === "all" ? "" : "all");
    onChoose(shown !== "all");
  };
  return (
    <label className="queue-box">
      <input ref={box} type="checkbox" checked={shown === "all"} onChange={onChange} data-select-page="true" />
      <span className="only-heard">{label}</span>
    </label>
  );
}

const clock = (seconds) => {
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
};

// "Try 3 of 4 in 02:10": counts down by itself, the server sends nothing for it.
export function TryIn({ at, n, most, lang, zone }) {
  const left = () => Math.max(0, Math.round((new Date(at).getTime() - Date.now()) / 1000));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    const timer = setInterval(() => setSeconds(left()), 500);
    return () => clearInterval(timer);
  }, [at]);
  const words = seconds
    ? say(lang, "queue.try_in", { n, max: most, time: clock(seconds) })
    : say(lang, "queue.try_now", { n, max: most });
  return (
    <span className="countdown figures" data-until={at} title={fullTime(new Date(at), zone, lang)}>
      {words}
    </span>
  );
}

// The words of a message while they are changed, with how many there may be.
export function Words({ text, limit, error, lang }) {
  const [words, setWords] = useState(text);
  const id = useId();
  const n = [...words.trim()].length;
  const over = n > limit;
  return (
    <div className="sheet">
      <label className="field-name" htmlFor={`${id}-text`}>{say(lang, "test.text")}</label>
      <textarea
        id={`${id}-text`}
        name="text"
        className="field sheet-text"
        rows={6}
        value={words}
        onChange={(event) => setWords(event.target.value)}
        aria-invalid={error !== "" || over}
        aria-describedby={`${id}-error ${id}-count`}
      />
      <p id={`${id}-count`} className="sheet-count figures" data-over={over}>
        {say(lang, "test.count", { n, limit })}
      </p>
      <p id={`${id}-error`} className="field-error" role="alert">{error}</p>
    </div>
  );
}
