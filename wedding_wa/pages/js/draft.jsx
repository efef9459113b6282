// A field whose text belongs to whoever types: the server is told a moment after the last
// key, and what it says comes in only while nobody is ahead of it.
import { useEffect, useRef, useState } from "react";

const QUIET_MS = 250;

export function Draft({ element: Element = "input", value = "", onText, children, ...rest }) {
  const [text, setText] = useState(value);
  const timer = useRef(null);
  const told = useRef(null); // what the server was told last, until it has answered so

  useEffect(() => {
    if (timer.current) return;
    if (told.current !== null && told.current !== value) return;
    told.current = null;
    setText(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const tell = (words) => {
    clearTimeout(timer.current);
    timer.current = null;
    told.current = words;
    onText(words);
  };
  const settle = () => {
    if (timer.current) tell(text);
  };
  const leave = () => {
    settle();
    told.current = null;
  };
  const onChange = (event) => {
    const words = event.target.value;
    setText(words);
    if (Element === "select") return tell(words);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => tell(words), QUIET_MS);
  };
  const keys = (event) => event.key === "Enter" && settle();

  return (
    <Element {...rest} value={text} onChange={onChange} onBlur={leave} onKeyDown={keys}>
      {children}
    </Element>
  );
}
