// The form of a view's conditions. All of them stand in the address, so the form only changes that.

import { useRef, useState } from "../vendor/hooks.js";
import { agents } from "./agents.js";
import { html } from "./html.js";
import { oneLine } from "./printable.js";
import { FIELDS, SINCE, changed, fromField, toField, write } from "./query.js";
import { go } from "./router.js";

/** @typedef {import("./query.js").Conditions} Conditions */
/** @typedef {import("./query.js").Field} Field */
/** @typedef {(name: string, value: string | string[]) => void} Set */

/** Conditions that are always shown, unless a view says others; the rest stands behind "More filters". */
const FIRST = ["text_query", "types", "statuses", "severities", "since", "errors"];

/**
 * Sets conditions of the address, and leaves what else stands there.
 *
 * @param {Conditions} conditions
 * @param {string[]} names Those of the view.
 */
export function goTo(conditions, names) {
  /** @type {Conditions} */
  const kept = {};
  for (const [name, value] of new URLSearchParams(location.search)) if (!names.includes(name)) kept[name] = value;
  go(location.pathname + write({ ...kept, ...conditions }));
}

/**
 * @param {{conditions: Conditions, names: string[], first?: string[], label: string, children?: any}} given
 */
export function Filters({ conditions, names, first: always = FIRST, label, children }) {
  /** @type {Set} */
  const set = (name, value) => goTo(changed(conditions, name, value), names);
  const shown = FIELDS.filter((field) => names.includes(field.name));
  const first = shown.filter((each) => always.includes(each.name));
  const more = shown.filter((each) => !always.includes(each.name));
  const hidden = more.filter((each) => conditions[each.name]).length;
  const [open, setOpen] = useState(false);
  return html`
    <form class="filters" role="search" aria-label=${label} onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <div class="fields">
        ${first.map((field) => html`<${Condition} key=${field.name} field=${field} value=${conditions[field.name]} set=${set} />`)}
        ${names.includes("since") && html`<${Since} value=${conditions.since} set=${set} />`}
        ${names.includes("errors") &&
        html`<label class="flag"><input type="checkbox" checked=${conditions.errors === "true"}
          onChange=${(/** @type {any} */ event) => set("errors", event.currentTarget.checked ? "true" : "")} /> with errors</label>`}
        ${more.length > 0 &&
        html`<button type="button" aria-expanded=${open} onClick=${() => setOpen(!open)}>
          ${open ? "Fewer filters" : hidden ? `More filters (${hidden})` : "More filters"}</button>`}
        ${children}
      </div>
      ${open &&
      html`<div class="fields">
        ${more.map((field) => html`<${Condition} key=${field.name} field=${field} value=${conditions[field.name]} set=${set} />`)}
      </div>`}
      <${Active} conditions=${conditions} set=${set} clear=${() => goTo({}, names)} />
    </form>
  `;
}

/** @param {{field: Field, value: string | string[] | undefined, set: Set}} given */
function Condition({ field, value, set }) {
  if (field.kind === "choice") return html`<${Choice} field=${field} value=${value ?? []} set=${set} />`;
  if (field.kind === "words") return html`<${Words} field=${field} value=${value ?? []} set=${set} />`;
  return html`<${Text} field=${field} value=${String(value ?? "")} set=${set} />`;
}

/**
 * A text or a time. What is typed is kept until it is taken: the view is drawn anew whenever events come, and an input is
 * given its value each time.
 *
 * @param {{field: Field, value: string, set: Set}} given
 */
function Text({ field, value, set }) {
  const [typed, type] = useState(/** @type {string | null} */ (null));
  const time = field.kind === "time";
  const take = (/** @type {any} */ event) => {
    const given = event.currentTarget.value;
    type(null);
    set(field.name, time ? fromField(given) : given.trim());
  };
  return html`<label class=${`field ${field.name}`}><span>${field.label}</span>
    <input name=${field.name} type=${time ? "datetime-local" : "search"} step=${time ? 1 : null} maxlength="1000"
      placeholder=${field.hint ?? ""} value=${typed ?? (time ? toField(value) : value)} autocomplete="off" spellcheck=${false}
      list=${field.name === "agent_id" ? "agents" : null}
      onInput=${(/** @type {any} */ event) => type(event.currentTarget.value)} onChange=${take} onBlur=${() => type(null)} /></label>
    ${field.name === "agent_id" && html`<datalist id="agents">${agents().map(([id, name]) => html`<option key=${id} value=${id}>${oneLine(name, 60)}</option>`)}</datalist>`}`;
}

/** @param {{value: string | string[] | undefined, set: Set}} given */
function Since({ value, set }) {
  const known = SINCE.some(([each]) => each === (value ?? ""));
  return html`<label class="field since"><span>When</span>
    <select name="since" value=${value ?? ""} onChange=${(/** @type {any} */ event) => set("since", event.currentTarget.value)}>
      ${!known && html`<option value=${value}>last ${oneLine(String(value), 20)}</option>`}
      ${SINCE.map(([each, text]) => html`<option value=${each} selected=${each === (value ?? "")}>${text}</option>`)}
    </select></label>`;
}

/** Several of a few values. @param {{field: Field, value: string[], set: Set}} given */
function Choice({ field, value, set }) {
  const details = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const leave = (/** @type {FocusEvent} */ event) => {
    const box = details.current;
    if (box && event.relatedTarget instanceof Node && !box.contains(event.relatedTarget)) box.open = false;
  };
  const escape = (/** @type {KeyboardEvent} */ event) => {
    const box = details.current;
    if (event.key !== "Escape" || !box?.open) return;
    box.open = false;
    box.querySelector("summary")?.focus();
  };
  return html`<details class="choice" ref=${details} onFocusOut=${leave} onKeyDown=${escape}>
    <summary>${field.label}${value.length ? ` (${value.length})` : ""}</summary>
    <fieldset><legend class="hidden-text">${field.label}</legend>
      ${(field.choices ?? []).map(
        (each) => html`<label><input type="checkbox" name=${field.name} value=${each} checked=${value.includes(each)}
          onChange=${() => set(field.name, value.includes(each) ? value.filter((kept) => kept !== each) : [...value, each])} />
          ${each}</label>`,
      )}
    </fieldset>
  </details>`;
}

/** Any number of words, each added by Enter. @param {{field: Field, value: string[], set: Set}} given */
function Words({ field, value, set }) {
  const add = (/** @type {any} */ event) => {
    const given = event.currentTarget.value.trim();
    event.currentTarget.value = "";
    if (given && !value.includes(given)) set(field.name, [...value, given]);
  };
  return html`<label class=${`field ${field.name}`}><span>${field.label}</span>
    <input name=${field.name} maxlength="1000" placeholder="add one" autocomplete="off" onChange=${add} /></label>`;
}

/** The conditions that are set, each with a button that takes it away. @param {{conditions: Conditions, set: Set, clear: () => void}} given */
function Active({ conditions, set, clear }) {
  const all = Object.entries(conditions).flatMap(([name, value]) => {
    const values = [value].flat();
    return values.map((each) => ({ name, each, rest: values.filter((kept) => kept !== each) }));
  });
  if (!all.length) return null;
  return html`<ul class="active" aria-label="Active filters">
    ${all.map(({ name, each, rest }) => {
      const text = oneLine(`${labelOf(name)}: ${name === "errors" ? "yes" : each}`, 60);
      return html`<li key=${`${name} ${each}`}><button type="button" title="Take this filter away"
        aria-label=${`Take the filter away: ${text}`} onClick=${() => set(name, Array.isArray(conditions[name]) ? rest : "")}>
        <bdi>${text}</bdi> <span aria-hidden="true">×</span></button></li>`;
    })}
    ${all.length > 1 && html`<li><button type="button" class="plain" onClick=${clear}>Clear all</button></li>`}
  </ul>`;
}

/** @param {string} name */
function labelOf(name) {
  if (name === "since") return "Last";
  if (name === "errors") return "With errors";
  return FIELDS.find((field) => field.name === name)?.label ?? name;
}
