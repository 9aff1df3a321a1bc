// What views say about themselves: that something failed and is tried again, that there is nothing, what to do next.

import { useEffect, useState } from "../vendor/hooks.js";
import { get } from "./api.js";
import { html } from "./html.js";
import { entered } from "./login_note.js";

/** Seconds until a view that could not be read is read again. */
const AGAIN = 5;

/**
 * Says what went wrong, and reads again by itself while the collector does not answer.
 *
 * @param {{error: import("./api.js").ApiError | null, again: () => void}} given
 */
export function Problem({ error, again }) {
  // What the collector answers to a wrong question stays the same; no answer at all, and what is its own fault, may pass.
  const passes = error !== null && (error.status === 0 || error.status === 429 || error.status >= 500);
  useEffect(() => {
    if (!passes) return undefined;
    const timer = setTimeout(again, AGAIN * 1000);
    return () => clearTimeout(timer);
  }, [error]);
  if (error === null) return null;
  return html`<p class="problem" role="alert">${error.message}${passes ? " It is asked again every few seconds." : ""}
    ${" "}<button type="button" onClick=${again}>Try again now</button></p>`;
}

/** Says that following failed. @param {{problem: string}} given */
export function Interrupted({ problem }) {
  return html`<div role="status">${problem && html`<p class="problem">${problem} It is asked again every few seconds.</p>`}</div>`;
}

/** Says that nothing meets the conditions. @param {{what: string, clear?: () => void}} given */
export function NothingFound({ what, clear }) {
  return html`<div class="empty"><p>${what}</p>
    ${clear && html`<p><button type="button" onClick=${clear}>Clear all filters</button></p>`}</div>`;
}

/** Three lines that record something, for whoever has nothing to look at yet. */
export const FIRST_LINES = `from chaukas_spec_lite import Recorder
with Recorder.from_env() as recorder, recorder.session(metadata={"name": "first steps"}) as session:
    session.input("Hello"); session.output("Hello back")`;

/** Says what to do where there are no events at all. */
export function FirstSteps() {
  const [clients, set] = useState(/** @type {Record<string, string>} */ ({}));
  useEffect(() => {
    const aborting = new AbortController();
    const fallback = { CHAUKAS_ENDPOINT: location.origin };
    get("/page/clients", {}, { signal: aborting.signal }).then(
      (found) => set(Object.keys(found).length ? found : fallback),
      () => set(fallback),
    );
    return () => aborting.abort();
  }, []);
  const command = /Windows/.test(navigator.userAgent) ? "set" : "export";
  const key = entered() ? [`${command} CHAUKAS_API_KEY=a key that may write`] : [];
  const lines = Object.entries(clients).map(([name, value]) => `${command} ${name}=${value}`).concat(key);
  return html`
    <section class="empty" aria-labelledby="first-steps">
      <h2 id="first-steps">No events yet</h2>
      <p>The collector runs and waits. Tell a program where it is:</p>
      <${ToCopy} text=${lines.join("\n")} what="the variables" />
      <p>Programs with the Chaukas SDK send to it from then on. For a first session, paste this into <code>python</code>:</p>
      <${ToCopy} text=${FIRST_LINES} what="the program" />
      <p>Sessions appear here as they come.</p>
    </section>
  `;
}

/** Lines with a button that copies them. @param {{text: string, what: string}} given */
export function ToCopy({ text, what }) {
  const [said, say] = useState("");
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => say("Copied"),
      () => say("Not copied: select the lines"),
    );
  return html`<div class="copied"><pre tabindex="0" role="group" aria-label=${`Lines to paste: ${what}`}>${text}</pre>
    <button type="button" onClick=${copy} aria-label=${`Copy ${what}`}>Copy</button> <span role="status" class="dim">${said}</span></div>`;
}
