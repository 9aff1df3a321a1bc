// A JSON value as a tree that is opened branch by branch, so that a payload may be as large as an event may be.

import { useState } from "../../vendor/hooks.js";
import { count } from "../format.js";
import { html } from "../html.js";
import { lines } from "../printable.js";
import { beginningOf, CHARACTERS, ENTRIES, entriesOf, fieldPath, isBranch, isRedacted, moreThan, preview, sizeOf } from "./json.js";

/** Levels that are open to begin with, in values of no more entries than `SMALL`. */
const OPEN = 4;
const SMALL = 30;

/**
 * @param {object} given
 * @param {string} [given.name]
 * @param {unknown} given.value
 * @param {(string | number)[]} [given.steps]  What leads to the value in its event.
 * @param {{fields: ReadonlySet<string>, kind: unknown}} [given.redacted]  The paths of what was taken out of the event.
 */
export function JsonTree({ name = "value", value, steps = [], redacted }) {
  return html`<div class="json" role="tree" aria-label=${name}>
    ${isBranch(value)
      ? entriesOf(value, ENTRIES).map((entry) => html`<${Entry} key=${entry[0]} entry=${entry} steps=${steps} depth=${0} redacted=${redacted} />`)
      : html`<${Entry} entry=${[name, value]} steps=${steps} depth=${0} redacted=${redacted} />`}
    ${isBranch(value) && html`<${Rest} value=${value} steps=${steps} depth=${0} redacted=${redacted} />`}
    ${isBranch(value) && !sizeOf(value) && html`<div role="treeitem" class="dim">${preview(value)}</div>`}
  </div>`;
}

/** @param {{entry: [string | number, unknown], steps: (string | number)[], depth: number, redacted: any}} given */
function Entry({ entry: [name, value], steps, depth, redacted }) {
  const branch = isBranch(value) && sizeOf(value) > 0;
  const [open, setOpen] = useState(branch && depth < OPEN && sizeOf(value) <= SMALL);
  const path = [...steps, name];
  const taken = isRedacted(value) || (redacted?.fields.size > 0 && redacted.fields.has(fieldPath(path, redacted.kind)));
  const shown = typeof name === "number" ? String(name) : lines(beginningOf(name, 200)) || '""';
  const mark = taken ? html` <span class="mark redacted">redacted</span>` : null;
  if (!branch) {
    return html`<div class="entry" role="treeitem" aria-level=${depth + 1}>
      <span class="name">${shown}</span>: <${Scalar} value=${value} />${mark}
    </div>`;
  }
  return html`<div class="entry" role="treeitem" aria-level=${depth + 1} aria-expanded=${String(open)}>
    <button type="button" class="twist" onClick=${() => setOpen(!open)}>
      <span aria-hidden="true">${open ? "▾" : "▸"}</span> <span class="name">${shown}</span>
      <span class="dim"> ${open ? (Array.isArray(value) ? preview(value) : "") : preview(value)}</span>
    </button>${mark}
    ${open &&
    html`<div class="inside" role="group">
      ${entriesOf(value, ENTRIES).map((entry) => html`<${Entry} key=${entry[0]} entry=${entry} steps=${path} depth=${depth + 1} redacted=${redacted} />`)}
      <${Rest} value=${value} steps=${path} depth=${depth + 1} redacted=${redacted} />
    </div>`}
  </div>`;
}

/** What is behind the first entries, so many more at each press. @param {any} given */
function Rest({ value, steps, depth, redacted }) {
  const [shown, setShown] = useState(ENTRIES);
  const size = sizeOf(value);
  if (size <= ENTRIES) return null;
  const more = entriesOf(value, shown).slice(ENTRIES);
  return html`
    ${more.map((entry) => html`<${Entry} key=${entry[0]} entry=${entry} steps=${steps} depth=${depth} redacted=${redacted} />`)}
    ${shown < size &&
    html`<button type="button" class="more" onClick=${() => setShown(shown * 2)}>
      ${count(Math.min(shown, size - shown))} more of ${count(size)}
    </button>`}
  `;
}

/** @param {{value: unknown}} given */
function Scalar({ value }) {
  if (typeof value === "string") return html`<span class="string">"<${LongText} text=${value} />"</span>`;
  if (isBranch(value)) return html`<span class="dim">${preview(value)}</span>`;
  return html`<span class=${value === null ? "dim" : "literal"}>${String(value)}</span>`;
}

/**
 * A text of any length, of which each press of a button shows more.
 * @param {{text: string}} given
 */
export function LongText({ text }) {
  const [shown, setShown] = useState(CHARACTERS);
  if (text.length <= shown) return html`<span class="long" dir="auto">${lines(text)}</span>`;
  return html`<span class="long" dir="auto">${lines(beginningOf(text, shown))}…</span>
    <button type="button" class="more" onClick=${() => setShown(moreThan(shown))}>
      show more (${count(shown)} of ${count(text.length)} characters)
    </button>`;
}
