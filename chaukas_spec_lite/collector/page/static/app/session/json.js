// What of a JSON value is shown, piece by piece: a payload may be as large as an event may be. Pure.

import { count } from "../format.js";

/** Entries of a list or an object that are shown at once. */
export const ENTRIES = 100;
/** Characters of a text that are shown at first; each step after that shows ten times as many. */
export const CHARACTERS = 1000;
/** Characters that a step adds at most: above that a browser takes its time to break lines. */
const MOST_CHARACTERS = 100_000;
const PREVIEW = 80;

/** @param {unknown} value @returns {value is object} */
export function isBranch(value) {
  return typeof value === "object" && value !== null;
}

/**
 * Some of the entries of a list or an object.
 * @param {object} value
 * @param {number} most
 * @returns {[string | number, unknown][]}
 */
export function entriesOf(value, most) {
  if (Array.isArray(value)) return value.slice(0, most).map((each, place) => [place, each]);
  /** @type {[string, unknown][]} */
  const entries = [];
  for (const name in value) {
    if (entries.length >= most) break;
    entries.push([name, /** @type {Record<string, unknown>} */ (value)[name]]);
  }
  return entries;
}

/** @param {object} value */
export function sizeOf(value) {
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

/**
 * The beginning of a text, which does not end within a character of two code units.
 * @param {string} text
 * @param {number} most
 */
export function beginningOf(text, most) {
  if (text.length <= most) return text;
  const code = text.charCodeAt(most - 1);
  return text.slice(0, code >= 0xd800 && code < 0xdc00 ? most - 1 : most);
}

/** How many characters the next step shows. @param {number} shown */
export function moreThan(shown) {
  return shown + Math.min(shown * 9, MOST_CHARACTERS);
}

/**
 * A value on one line, for a branch that is closed.
 * @param {unknown} value
 * @returns {string}
 */
export function preview(value) {
  if (Array.isArray(value) && !value.length) return "[]";
  if (Array.isArray(value)) return value.length === 1 ? "[1 item]" : `[${count(value.length)} items]`;
  if (!isBranch(value)) return typeof value === "string" ? JSON.stringify(beginningOf(value, PREVIEW)) : String(value);
  const names = entriesOf(value, 6).map(([name]) => beginningOf(String(name), 20));
  const size = sizeOf(value);
  const more = size > names.length ? ", …" : "";
  return size ? `{${beginningOf(names.join(", "), PREVIEW)}${more}}` : "{}";
}

/** Kinds of content that the schema calls something else. */
const FIELDS = new Map([
  ["policy_decision", "policy"],
  ["error_info", "error"],
]);

/**
 * The path of a value of an event, as redaction notes it: `tool_call.arguments.to`, `metadata['user.name']`.
 * @param {readonly (string | number)[]} steps  The names and places that lead to it in the event's JSON.
 * @param {unknown} kind  The `kind` of the event's content.
 */
export function fieldPath(steps, kind) {
  const named = steps[0] === "content" && typeof kind === "string" ? [FIELDS.get(kind) ?? kind, ...steps.slice(1)] : steps;
  return named
    .map((step, place) => {
      if (typeof step === "number") return `[${step}]`;
      if (/^[^.[\]'"*\s]{1,100}$/.test(step)) return place ? `.${step}` : step;
      const short = step.length <= 100 ? step : `${step.slice(0, 97)}...`;
      const quote = short.includes("'") ? '"' : "'";
      return `[${quote}${short.replaceAll(quote, "_")}${quote}]`;
    })
    .join("");
}

/** Words that stand where a secret was. */
const REDACTED = /\[redacted(?: [A-Z_]+)?\]/;

/**
 * Whether something was taken out of a text.
 * @param {unknown} value
 */
export function isRedacted(value) {
  // Looked for near the beginning: a long text that has one further on says so by its path.
  return typeof value === "string" && REDACTED.test(value.slice(0, 10_000));
}

/**
 * A value as people copy it.
 * @param {unknown} value
 */
export function copied(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
