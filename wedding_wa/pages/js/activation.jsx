// The Activation page's own piece: handing a household its link.
import { useEffect, useRef, useState } from "react";
import { Check, Copy, MessageSquareText, Share2, X } from "lucide-react";
import { copyText } from "$/utils/copy";
import { say } from "$/utils/words";

// Long enough to switch to WhatsApp, paste, send, and come back to the question.
const ASKS_MS = 90_000;
const COPIED_MS = 2500;

// The buttons that copy a household's link or ready text, or share it from a phone.
// `asks`: right after, ask whether it was sent; `onMark` says yes.
export function Hand({ link, text, name, asks, lang, onMark }) {
  const [done, setDone] = useState("");
  const [canShare, setCanShare] = useState(false);
  const timer = useRef();
  const answer = useRef();
  useEffect(() => {
    setCanShare(Boolean(navigator.share) && matchMedia("(pointer: coarse)").matches);
    return () => clearTimeout(timer.current);
  }, []);
  useEffect(() => {
    if (done && asks) answer.current?.focus();
    if (!asks && done) setDone("");
  }, [done, asks]);

  const after = (what) => {
    setDone(what);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setDone(""), asks ? ASKS_MS : COPIED_MS);
  };
  const onCopy = async (what) => {
    try {
      await copyText(what === "link" ? link : text);
      after(what);
    } catch {
      after("failed");
    }
  };
  const onShare = async () => {
    try {
      await navigator.share({ text });
      after("shared");
    } catch {
      // the sheet was closed without sharing
    }
  };
  const words = (key) => say(lang, key);

  if (done && asks && done !== "failed") {
    return (
      <div className="hand hand-asks">
        <span role="status">{words(`activation.hand.${done}`)} {words("activation.hand.sure")}</span>
        <button
          type="button"
          ref={answer}
          className="hand-yes"
          onClick={() => {
            setDone("");
            onMark();
          }}
          aria-label={say(lang, "activation.hand.mark_of", { name })}
        >
          <Check size={16} aria-hidden="true" />
          {words("activation.hand.mark")}
        </button>
        <button
          type="button"
          className="hand-no"
          onClick={() => setDone("")}
          aria-label={words("activation.hand.not_yet")}
          title={words("activation.hand.not_yet")}
        >
          <X size={16} aria-hidden="true" />
        </button>
      </div>
    );
  }
  return (
    <div className="hand">
      <button
        type="button"
        className="hand-copy"
        onClick={() => onCopy("link")}
        data-copy={link}
        aria-label={say(lang, "activation.hand.link_of", { name })}
      >
        <Copy size={15} aria-hidden="true" />
        {words(done === "link" ? "activation.hand.done" : "activation.hand.copy_link")}
      </button>
      <button
        type="button"
        className="hand-copy"
        onClick={() => onCopy("text")}
        title={text}
        aria-label={say(lang, "activation.hand.text_of", { name })}
      >
        <MessageSquareText size={15} aria-hidden="true" />
        {words(done === "text" ? "activation.hand.done" : "activation.hand.copy_text")}
      </button>
      {canShare && (
        <button
          type="button"
          className="hand-copy"
          onClick={onShare}
          aria-label={say(lang, "activation.hand.share_of", { name })}
        >
          <Share2 size={15} aria-hidden="true" />
          {words(done === "shared" ? "activation.hand.done" : "activation.hand.share")}
        </button>
      )}
      <span className="only-heard" role="status">
        {done && words(`activation.hand.${done}`)}
      </span>
    </div>
  );
}
