// Brings a guest list to the server: chosen, dropped or pasted. The file goes to its own
// route; what comes back is the draft's name, which the address then carries.
import { useId, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { say } from "$/utils/words";

const ROUTE = "/api/guests/import";
const LARGEST_MB = 5;
const KINDS = ".csv,.tsv,.txt,.xlsx,.vcf,.vcard,text/csv,text/vcard";

const sent = async (body, filename, lang) => {
  const query = new URLSearchParams({ filename, lang });
  const answer = await fetch(`${ROUTE}?${query}`, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/octet-stream" },
  });
  return { ok: answer.ok, ...(await answer.json()) };
};

export function ListUpload({ lang }) {
  const navigate = useNavigate();
  const file = useRef(null);
  const [text, setText] = useState("");
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const id = useId();

  const bring = async (body, filename) => {
    if (busy) return;
    if (body.size > LARGEST_MB * 1e6) {
      setError(say(lang, "guest_import.error.too_large", { mb: LARGEST_MB }));
      return;
    }
    setBusy(true);
    setError("");
    try {
      const came = await sent(body, filename, lang || "en");
      if (came.ok) navigate(`/guests/import?draft=${came.draft}`);
      else setError(came.detail);
    } catch {
      setError(say(lang, "guest_import.choose.failed"));
    }
    setBusy(false);
  };
  const choose = (event) => {
    const [chosen] = event.target.files;
    if (chosen) bring(chosen, chosen.name);
    event.target.value = ""; // the same file again, once it was mended
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    const [dropped] = event.dataTransfer.files;
    const words = event.dataTransfer.getData("text/plain");
    if (dropped) bring(dropped, dropped.name);
    else if (words) setText(words);
  };
  const paste = (event) => {
    event.preventDefault();
    bring(new Blob([text]), "");
  };
  const hold = (event) => {
    event.preventDefault();
    setOver(true);
  };

  return (
    <div className="import-choose" aria-busy={busy}>
      <div
        className="import-drop"
        data-over={over}
        onDragOver={hold}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <input
          ref={file}
          type="file"
          accept={KINDS}
          onChange={choose}
          className="only-heard"
          tabIndex={-1}
          aria-hidden="true"
          data-file="true"
        />
        <button
          type="button"
          className="import-button"
          disabled={busy}
          onClick={() => file.current.click()}
        >
          {say(lang, busy ? "guest_import.choose.reading" : "guest_import.choose.button")}
        </button>
        <span className="import-or">{say(lang, "guest_import.choose.drop")}</span>
      </div>
      <p className="field-error" role="alert">{error}</p>
      <form className="import-paste" onSubmit={paste}>
        <label className="field-name" htmlFor={`${id}-text`}>
          {say(lang, "guest_import.choose.paste")}
        </label>
        <textarea
          id={`${id}-text`}
          className="field"
          rows={4}
          value={text}
          spellCheck={false}
          placeholder={say(lang, "guest_import.choose.paste_placeholder")}
          onChange={(event) => setText(event.target.value)}
          aria-describedby={`${id}-about`}
        />
        <p className="field-about" id={`${id}-about`}>
          {say(lang, "guest_import.choose.paste_about")}
        </p>
        {text.trim() && (
          <button type="submit" className="import-button" disabled={busy}>
            {say(lang, "guest_import.choose.read")}
          </button>
        )}
      </form>
    </div>
  );
}
