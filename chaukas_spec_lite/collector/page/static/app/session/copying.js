// A button that copies a text, and says so.

import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../html.js";

/**
 * @param {object} given
 * @param {string} given.label
 * @param {() => string} given.text  Made when it is asked for: it may be large.
 * @param {string} [given.shown]  What stands on the button.
 */
export function Copy({ label, text, shown = "Copy" }) {
  const [said, say] = useState("");
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    const done = await copied(text());
    say(done ? "Copied" : "Not allowed");
    clearTimeout(timer.current);
    timer.current = setTimeout(() => say(""), 2000);
  };
  return html`<button type="button" class="copy" aria-label=${label} title=${label} onClick=${copy}>${said || shown}</button
    ><span role="status" class="hidden-text">${said}</span>`;
}

/** @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No such thing over plain HTTP from another machine, where the older way still works.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
