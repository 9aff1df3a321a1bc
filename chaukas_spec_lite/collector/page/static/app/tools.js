// What stands at the right of the frame: theme, help, log out; and the keys that work everywhere.

import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { logout } from "./api.js";
import { html } from "./html.js";
import { entered, leave } from "./login_note.js";
import { go } from "./router.js";
import { takesText } from "./row_keys.js";
import { after, choose, chosen } from "./theme.js";

/** Views by the key that follows `g`. @type {Record<string, string>} */
const GOES = { s: "/sessions", f: "/search", l: "/live", c: "/charts" };

/** Keys and what they do, by where they work. @type {[string, [string, string][]][]} */
export const KEYS = [
  [
    "Everywhere",
    [
      ["?", "this help"],
      ["/", "to the first filter or search field"],
      ["g s", "sessions"],
      ["g f", "search"],
      ["g l", "live"],
      ["g c", "charts"],
      ["t", "theme: system, light, dark"],
      ["Escape", "leave a field or this help"],
    ],
  ],
  [
    "Lists",
    [
      ["j ↓", "next row"],
      ["k ↑", "previous row"],
      ["Home End", "first and last row"],
      ["Enter", "open"],
    ],
  ],
  ["Live", [["Space", "pause and go on"]]],
  [
    "Session",
    [
      ["j k ↓ ↑", "next and previous span"],
      ["→ ←", "open and close, or to the parent"],
      ["Enter", "details of the span"],
      ["e E", "next and previous error"],
      ["/", "filter the spans"],
      ["z + - 0", "zoom to the span, in, out, to all; dragging over the bars zooms, too"],
      ["x", "open or close everything"],
      ["Escape", "whole time range again; then close the details"],
    ],
  ],
];

export function Tools() {
  const [theme, set] = useState(chosen());
  const [open, show] = useState(false);
  const turn = () => {
    const next = after(chosen());
    choose(next);
    set(next);
  };
  useKeys(() => show(true), turn);
  const out = async () => {
    leave();
    await logout().catch(() => {}); // Without the collector, there is nothing to leave.
    go("/login");
    location.reload();
  };
  return html`<span class="rest tools">
    ${entered() && html`<button type="button" onClick=${out}>Log out</button>`}
    <button type="button" onClick=${turn} title="Theme (t)" aria-label=${`Theme: ${theme}`}>${{ system: "◐", light: "☀", dark: "☾" }[theme]}</button>
    <button type="button" onClick=${() => show(true)} title="Keys (?)" aria-label="Help" aria-haspopup="dialog">?</button>
    ${open && html`<${Help} close=${() => show(false)} />`}
  </span>`;
}

/** @param {{close: () => void}} given */
function Help({ close }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => dialog.current?.showModal(), []);
  const beside = (/** @type {MouseEvent} */ event) => event.target === dialog.current && dialog.current?.close();
  return html`<dialog class="help" ref=${dialog} onClose=${close} onClick=${beside} aria-labelledby="help-title">
    <div class="inside">
      <div class="head"><h2 id="help-title">Keys</h2><button type="button" onClick=${() => dialog.current?.close()}>Close</button></div>
      <div class="groups">
        ${KEYS.map(
          ([where, keys]) => html`<section><h3>${where}</h3><dl>
            ${keys.map(([key, what]) => html`<div><dt>${key.split(" ").map((each) => html`<kbd>${each}</kbd> `)}</dt><dd>${what}</dd></div>`)}
          </dl></section>`,
        )}
      </div>
      <p class="dim">All that a view shows stands in its address: copy it to share what you see.</p>
    </div>
  </dialog>`;
}

/** @param {() => void} help @param {() => void} turn */
function useKeys(help, turn) {
  useLayoutEffect(() => {
    let going = false;
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (takesText(event.target)) {
        if (event.key !== "Escape" || !(event.target instanceof HTMLElement)) return;
        event.preventDefault(); // Chromium would empty a search field, and with it what was searched for.
        event.target.blur();
        return;
      }
      if (document.querySelector("dialog[open]")) return;
      const to = going ? GOES[event.key] : undefined;
      going = event.key === "g";
      if (to) go(to);
      else if (event.key === "?") help();
      else if (event.key === "t") turn();
      else if (event.key === "/") /** @type {HTMLElement | null} */ (document.querySelector("main input:not([type=checkbox])"))?.focus();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}
