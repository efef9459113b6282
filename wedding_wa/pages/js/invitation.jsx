// The invitation beside its texts, and the way in for its picture.
import { useEffect, useRef, useState } from "react";
import { say } from "$/utils/words";

// Width and height of what is pretended to be looked at, in CSS pixels.
const SIZES = { phone: [375, 700], desk: [1180, 1200] };
// What stands above and below the letter while the page is scrolled.
const AROUND = 330;
const BLANK = "about:blank";

const Choice = ({ label, value, options, onChoose }) => (
  <div className="choice" role="group" aria-label={label}>
    {options.map(([name, words]) => (
      <button key={name} type="button" aria-pressed={value === name} onClick={() => onChoose(name)}>
        {words}
      </button>
    ))}
  </div>
);

const placeOf = (frame) => {
  const there = frame?.contentWindow;
  return { hash: there?.location.hash ?? "", top: there?.scrollY ?? 0 };
};

// Two frames: the one that is seen stays until the other has loaded, on the same side of
// the letter and scrolled as far, so nothing flickers while somebody types.
export function LetterPreview({ src, lang }) {
  const [size, setSize] = useState("phone");
  const [shown, setShown] = useState(0);
  const [scale, setScale] = useState(1);
  const [side, setSide] = useState("");
  const frames = [useRef(null), useRef(null)];
  const box = useRef(null);
  const next = useRef(null);
  const [room, setRoom] = useState(SIZES.phone[1]);
  const [width, tall] = SIZES[size];
  const height = size === "phone" ? Math.min(tall, room) : tall;

  useEffect(() => {
    const measure = () => {
      setScale(Math.min(1, box.current.clientWidth / width));
      setRoom(Math.max(480, window.innerHeight - AROUND));
    };
    const watch = new ResizeObserver(measure);
    watch.observe(box.current);
    window.addEventListener("resize", measure);
    measure();
    return () => {
      watch.disconnect();
      window.removeEventListener("resize", measure);
    };
  }, [width]);

  useEffect(() => {
    if (!src) return;
    const at = placeOf(frames[shown].current);
    const target = 1 - shown;
    next.current = { target, top: at.top };
    frames[target].current.contentWindow.location.replace(src + at.hash);
  }, [src]);

  const loaded = (index) => () => {
    const frame = frames[index].current;
    if (next.current?.target !== index || frame.contentWindow.location.href === BLANK) return;
    frame.contentWindow.scrollTo(0, next.current.top);
    frame.contentWindow.addEventListener("hashchange", () => setSide(frame.contentWindow.location.hash));
    next.current = null;
    setShown(index);
  };
  const turn = (name) => {
    const there = frames[shown].current.contentWindow.location;
    there.replace(`${there.href.split("#")[0]}#${name}`);
  };
  const words = (key) => say(lang, `invitation_settings.preview.${key}`);
  return (
    <div className="letter-preview">
      <div className="letter-tools">
        <Choice
          label={words("side")}
          value={side === "#letter" ? "letter" : "front"}
          options={[["front", words("front")], ["letter", words("letter")]]}
          onChoose={turn}
        />
        <Choice
          label={words("frame")}
          value={size}
          options={[["phone", words("phone")], ["desk", words("desk")]]}
          onChoose={setSize}
        />
      </div>
      <div className="letter-box" ref={box} data-size={size} style={{ height: height * scale }}>
        <div className="letter-screen" style={{ width, height, transform: `scale(${scale})`, marginLeft: -(width * scale) / 2 }}>
          {frames.map((frame, index) => (
            <iframe
              key={index}
              ref={frame}
              title={words("title")}
              src={BLANK}
              sandbox="allow-same-origin"
              data-shown={shown === index}
              aria-hidden={shown !== index}
              tabIndex={shown === index ? 0 : -1}
              onLoad={loaded(index)}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

// A picture goes up as the body of a request of its own; the page hears of it live.
export function CoverPicture({ cover, allowed, lang }) {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const [over, setOver] = useState(false);
  const input = useRef(null);
  const words = (key) => say(lang, `invitation_settings.cover.${key}`);

  const send = async (file) => {
    if (!file || busy) return;
    setBusy(true);
    setWrong("");
    try {
      const answer = await fetch("/api/invitation/cover", {
        method: "POST",
        headers: { "Content-Type": "application/octet-stream" },
        body: file,
      });
      if (!answer.ok) setWrong((await answer.json()).detail ?? words("failed"));
    } catch {
      setWrong(words("failed"));
    }
    setBusy(false);
    if (input.current) input.current.value = "";
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    if (allowed) send(event.dataTransfer.files[0]);
  };
  const hover = (event) => {
    event.preventDefault();
    setOver(allowed);
  };
  return (
    <div className="cover-drop" data-over={over} onDrop={drop} onDragOver={hover} onDragLeave={() => setOver(false)}>
      {cover && <img className="cover-now" src={`/settings/invitation/cover-${cover}.jpg`} alt="" />}
      <div>
        <label className="button-link cover-choose" data-busy={busy}>
          <input
            ref={input}
            type="file"
            accept="image/jpeg,image/png,image/webp"
            disabled={!allowed || busy}
            aria-describedby="cover-hint cover-error"
            onChange={(event) => send(event.target.files[0])}
          />
          <span aria-live="polite">{busy ? words("sending") : words(cover ? "change" : "choose")}</span>
        </label>
        <p className="field-about" id="cover-hint">{words("hint")}</p>
        <p className="field-error" id="cover-error" role="alert">{wrong}</p>
      </div>
    </div>
  );
}
