// A new password, twice, or one that is made up here. It never comes from the server: what
// is suggested exists in this page only, until it is sent off with the form.
import { useEffect, useId, useState } from "react";
import { say } from "$/utils/words";

// No letters that look alike. 32 of them, so that each byte is fair.
const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS = 4;
const GROUP = 4;

const suggestion = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(GROUPS * GROUP));
  const letters = [...bytes].map((byte) => LETTERS[byte % LETTERS.length]).join("");
  return letters.match(new RegExp(`.{${GROUP}}`, "g")).join("-");
};

function Copy({ text, lang }) {
  const [copied, setCopied] = useState(false);
  if (!navigator.clipboard) return null; // only on https and on this machine itself
  const copy = () => navigator.clipboard.writeText(text).then(() => setCopied(true));
  return (
    <button type="button" className="text-button" onClick={copy}>
      <span aria-live="polite">{say(lang, copied ? "people.copied" : "people.copy")}</span>
    </button>
  );
}

// `round` grows when the form was taken: the fields are emptied, but a password that was
// made up stays readable until somebody says that it is noted.
export function NewPassword({ round, wrong = "", wrongAgain = "", lang, label, name }) {
  const [first, setFirst] = useState("");
  const [again, setAgain] = useState("");
  const [made, setMade] = useState("");
  const [taken, setTaken] = useState("");
  const id = useId();

  useEffect(() => {
    if (round === 0) return;
    setTaken(made);
    setMade("");
    setFirst("");
    setAgain("");
  }, [round]);

  const suggest = () => {
    const words = suggestion();
    setMade(words);
    setTaken("");
    setFirst(words);
    setAgain(words);
  };
  const field = (key, label, value, set, error) => (
    <div className="field-block">
      <label className="field-name" htmlFor={`${id}-${key}`}>{label}</label>
      <input
        className="field"
        id={`${id}-${key}`}
        name={key}
        type={made ? "text" : "password"}
        autoComplete="new-password"
        autoCapitalize="none"
        spellCheck={false}
        required
        value={value}
        onChange={(event) => {
          setMade("");
          set(event.target.value);
        }}
        aria-invalid={error !== ""}
        aria-describedby={`${id}-${key}-error`}
      />
      <p className="field-error" id={`${id}-${key}-error`} role="alert">{error}</p>
    </div>
  );
  const shown = taken || made;
  return (
    <>
      <div className="field-row">
        {field("password", label, first, setFirst, wrong)}
        {field("again", say(lang, "people.again"), again, setAgain, wrongAgain)}
      </div>
      <div className="made-up">
        {!taken && (
          <button type="button" className="text-button" onClick={suggest}>
            {say(lang, "people.suggest")}
          </button>
        )}
        {shown && (
          <p role="status">
            <span>{say(lang, taken ? "people.pass_on" : "people.note_it", { name })}</span>
            <code className="figures">{shown}</code>
            <Copy key={shown} text={shown} lang={lang} />
            {taken && (
              <button type="button" className="text-button" onClick={() => setTaken("")}>
                {say(lang, "people.noted")}
              </button>
            )}
          </p>
        )}
      </div>
    </>
  );
}
