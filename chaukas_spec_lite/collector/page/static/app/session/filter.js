// Which spans a text finds: `refund`, `kind:tool`, `is:error agent:triage`. Pure.

import { hasFailed } from "./rows.js";

/** @typedef {import("./rows.js").Span} Span */
/** @typedef {import("./rows.js").Tree} Tree */
/** @typedef {(span: Span) => boolean} Condition */

/** The states that `is:` can ask for, and what each of them means. @type {Record<string, Condition>} */
export const STATES = {
  error: hasFailed,
  open: (span) => span.status === "open",
  orphan: (span) => span.marks.includes("orphan"),
  cancelled: (span) => span.status === "cancelled",
};

/** What `name:` can stand before. @type {Record<string, (span: Span) => string>} */
const FIELDS = {
  kind: (span) => span.kind,
  name: (span) => span.name,
  agent: (span) => span.agent,
  model: (span) => span.model,
  error: (span) => span.error ?? "",
  id: (span) => span.id,
};

/**
 * The conditions that a text stands for, all of which a span has to meet; null where it stands for none.
 * @param {string} text
 * @returns {Condition | null}
 */
export function conditionOf(text) {
  const words = text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  const conditions = words.map(ofWord);
  if (!conditions.length) return null;
  return (span) => conditions.every((condition) => condition(span));
}

/**
 * @param {string} word
 * @returns {Condition}
 */
function ofWord(word) {
  const [, name, rest] = /^([a-z]+):(.*)$/.exec(word) ?? [];
  if (name === "is" && Object.hasOwn(STATES, unquoted(rest))) return STATES[unquoted(rest)];
  if (name && rest && Object.hasOwn(FIELDS, name)) {
    const wanted = unquoted(rest);
    return (span) => FIELDS[name](span).toLowerCase().includes(wanted);
  }
  // Anything else is a text to be found, a colon in it or not.
  const wanted = unquoted(word);
  return (span) => Object.values(FIELDS).some((field) => field(span).toLowerCase().includes(wanted));
}

/** @param {string} word */
function unquoted(word) {
  return word.replaceAll('"', "").toLowerCase();
}

/**
 * Which spans are found: 2 for each that meets the condition, 1 for what stands above one, so that it keeps its place
 * in the tree, 0 for the others.
 * @param {Tree} tree
 * @param {Condition | null} condition
 * @returns {Uint8Array | null}  Null where there is no condition.
 */
export function wantedOf(tree, condition) {
  if (condition === null) return null;
  const wanted = new Uint8Array(tree.spans.length);
  // From the end, so that what is below a span has been looked at before it.
  for (let place = tree.spans.length - 1; place >= 0; place -= 1) {
    if (condition(tree.spans[place])) wanted[place] = 2;
    if (wanted[place] && tree.parents[place] >= 0) {
      wanted[tree.parents[place]] = Math.max(wanted[tree.parents[place]], 1);
    }
  }
  return wanted;
}

/** How many spans are found. @param {Uint8Array | null} wanted */
export function countOf(wanted) {
  return wanted === null ? 0 : wanted.reduce((sum, each) => sum + (each === 2 ? 1 : 0), 0);
}
