// Makes an API key by the API itself: the key comes to this page as the answer, and exists
// nowhere else. It is in no state of the server, and a reload does not bring it back.
import { useEffect, useId, useRef, useState } from "react";
import { Button, Flex } from "@radix-ui/themes";
import { copyText } from "$/utils/copy";
import { say } from "$/utils/words";

const SCOPES = ["read", "send", "control", "admin"];
const PATH = "/api/v1/keys";

// What is wrong, by field; "" is the form as a whole.
const wrongs = (problem, fallback) => {
  const named = (problem?.errors ?? []).map(({ field, detail }) => [field.split(".")[0], detail]);
  return named.length ? Object.fromEntries(named) : { "": problem?.detail ?? fallback };
};

const ask = async (body, lang) => {
  const fallback = say(lang, "keys.new.failed");
  try {
    const headers = { "Content-Type": "application/json", "Accept-Language": lang || "en" };
    const answer = await fetch(PATH, { method: "POST", headers, body: JSON.stringify(body) });
    const told = await answer.json();
    return answer.ok ? { made: told } : { wrong: wrongs(told, fallback) };
  } catch {
    return { wrong: { "": fallback } };
  }
};

// A call that the key may make, as one types it into a terminal.
const curl = ({ prefix, scopes }, site) => {
  const header = `-H "Authorization: Bearer ${prefix}_…"`;
  const may = (scope) => scopes.includes(scope) || scopes.includes("admin");
  if (may("read")) return `curl ${site}/api/v1/guests \\\n  ${header}`;
  if (!may("send")) return `curl -X POST ${site}/api/v1/accounts/groom/ask \\\n  ${header}`;
  const message = `'{"to": "+39 333 111 2222", "text": "Ciao!"}'`;
  const type = '-H "Content-Type: application/json"';
  return [`curl ${site}/api/v1/whatsapp/send`, header, type, `-d ${message}`].join(" \\\n  ");
};

// The day of a moment, with its year, in the wedding's zone; the hour on hover.
export function Day({ at, zone, lang }) {
  const say = (options) =>
    new Intl.DateTimeFormat(lang || "en", { timeZone: zone, ...options }).format(new Date(at));
  const whole = say({ dateStyle: "full", timeStyle: "short" });
  return <time dateTime={at} title={whole}>{say({ dateStyle: "medium" })}</time>;
}

export function NewKey({ lang, site }) {
  const [made, setMade] = useState(null);
  return (
    <>
      <Form lang={lang} onMade={setMade} />
      {made && <Once made={made} lang={lang} site={site} onDone={() => setMade(null)} />}
    </>
  );
}

function Form({ lang, onMade }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState(["read"]);
  const [day, setDay] = useState("");
  const [wrong, setWrong] = useState({});
  const [busy, setBusy] = useState(false);
  const id = useId();

  const submit = async (event) => {
    event.preventDefault();
    const missing = {
      ...(name.trim() ? {} : { name: say(lang, "error.key_name") }),
      ...(scopes.length ? {} : { scopes: say(lang, "keys.new.no_scopes") }),
    };
    setWrong(missing);
    if (busy || Object.keys(missing).length) return;
    setBusy(true);
    // the whole of its last day, by the wedding's clock
    const ends = day ? `${day}T23:59:59` : null;
    const wanted = scopes.includes("admin") ? ["admin"] : scopes;
    const answer = await ask({ name: name.trim(), scopes: wanted, expires_at: ends }, lang);
    setBusy(false);
    setWrong(answer.wrong ?? {});
    if (!answer.made) return;
    onMade(answer.made);
    setName("");
    setDay("");
    setScopes(["read"]);
  };
  const tick = (scope) =>
    setScopes((old) => SCOPES.filter((one) => old.includes(one) !== (one === scope)));
  const error = (field) => (
    <p className="field-error" id={`${id}-${field}-error`} role="alert">{wrong[field] ?? ""}</p>
  );
  const described = (field) => ({
    "aria-invalid": field in wrong,
    "aria-describedby": `${id}-${field}-hint ${id}-${field}-error`,
  });
  return (
    <form onSubmit={submit} noValidate autoComplete="off" className="key-form">
      <div className="field-row">
        <div className="field-block">
          <label className="field-name" htmlFor={`${id}-name`}>{say(lang, "keys.new.name")}</label>
          <input
            className="field" id={`${id}-name`} maxLength={80} required data-lpignore="true"
            value={name} onChange={(event) => setName(event.target.value)} {...described("name")}
          />
          <p className="field-about" id={`${id}-name-hint`}>{say(lang, "keys.new.name_hint")}</p>
          {error("name")}
        </div>
        <div className="field-block">
          <label className="field-name" htmlFor={`${id}-ends`}>{say(lang, "keys.new.ends")}</label>
          <input
            className="field" id={`${id}-ends`} type="date"
            value={day} onChange={(event) => setDay(event.target.value)} {...described("expires_at")}
          />
          <p className="field-about" id={`${id}-expires_at-hint`}>{say(lang, "keys.new.ends_hint")}</p>
          {error("expires_at")}
        </div>
      </div>
      <fieldset className="key-scopes" aria-describedby={`${id}-scopes-error`}>
        <legend className="field-name">{say(lang, "keys.new.scopes")}</legend>
        {SCOPES.map((scope) => (
          <label key={scope}>
            <input
              type="checkbox" name={scope}
              // everything includes the others
              checked={scopes.includes(scope) || scopes.includes("admin")}
              disabled={scope !== "admin" && scopes.includes("admin")}
              onChange={() => tick(scope)}
            />
            <span>
              <b>{say(lang, `keys.scope.${scope}`)}</b>
              <span>{say(lang, `keys.scope_about.${scope}`)}</span>
            </span>
          </label>
        ))}
        {error("scopes")}
      </fieldset>
      {error("")}
      <Button type="submit" size="3" loading={busy}>{say(lang, "keys.new.button")}</Button>
    </form>
  );
}

// A dialog that only its own button closes, and that asks once more where nothing was copied.
function Once({ made, lang, site, onDone }) {
  const [copied, setCopied] = useState(false);
  const [asking, setAsking] = useState(false);
  const box = useRef(null);
  const id = useId();

  useEffect(() => {
    if (!box.current.open) box.current.showModal();
    const stay = (event) => event.preventDefault();
    addEventListener("beforeunload", stay);
    return () => removeEventListener("beforeunload", stay);
  }, []);

  const copy = () =>
    copyText(made.key).then(() => {
      setCopied(true);
      setAsking(false);
    });
  const done = () => (copied ? onDone() : setAsking(true));
  const reopen = () => box.current?.showModal();
  return (
    <dialog
      ref={box} className="key-once" role="alertdialog"
      aria-labelledby={`${id}-title`} aria-describedby={`${id}-about`}
      onCancel={(event) => event.preventDefault()} onClose={reopen}
    >
      <h2 className="card-title" id={`${id}-title`}>{say(lang, "keys.once.title")}</h2>
      <p className="card-about" id={`${id}-about`}>{say(lang, "keys.once.about")}</p>
      <p className="field-name">{say(lang, "keys.once.label", { name: made.name })}</p>
      <div className="key-shown">
        <code data-key="shown">{made.key}</code>
        <Button size="3" autoFocus onClick={copy}>
          <span aria-live="polite">{say(lang, copied ? "keys.once.copied" : "keys.once.copy")}</span>
        </Button>
      </div>
      <p className="field-name">{say(lang, "keys.once.try")}</p>
      <pre className="key-curl" tabIndex={0}>{curl(made, site)}</pre>
      {asking && <p className="field-error" role="alert">{say(lang, "keys.once.sure")}</p>}
      <Flex gap="3" justify="end" wrap="wrap" mt="5">
        {asking ? (
          <>
            <Button size="3" variant="soft" color="gray" onClick={() => setAsking(false)}>
              {say(lang, "keys.once.back")}
            </Button>
            <Button size="3" color="tomato" onClick={onDone}>{say(lang, "keys.once.really")}</Button>
          </>
        ) : (
          <Button size="3" variant={copied ? "solid" : "soft"} onClick={done}>
            {say(lang, "keys.once.done")}
          </Button>
        )}
      </Flex>
    </dialog>
  );
}
