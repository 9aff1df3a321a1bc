// Which spans of a session are shown as rows, and in what order. Pure.
//
// The server sends spans depth first, each with its depth, so what is below a span stands right behind it. Rows are
// known by their place in that list: ids may be empty, or stand for several spans.

import { sumsOf } from "./sums.js";

/**
 * A span, as `/api/sessions/{session_id}/spans` has it.
 * @typedef {object} Span
 * @property {string} id
 * @property {string} span_id
 * @property {string} parent
 * @property {number} depth
 * @property {string} kind
 * @property {string} name
 * @property {string} agent
 * @property {string | null} start
 * @property {number | null} duration_ms
 * @property {string} status  `ok`, `failed`, `cancelled`, or `open` while it has no end.
 * @property {string | null} error
 * @property {{prompt: number, completion: number, total: number} | null} tokens
 * @property {Record<string, number> | null} cost  The amount by its currency.
 * @property {string} model
 * @property {string[]} events
 * @property {string[]} marks
 */

/**
 * A session's spans with what is asked of them again and again.
 * @typedef {object} Tree
 * @property {Span[]} spans
 * @property {Int32Array} parents  The place of each span's parent; -1 of a root.
 * @property {Int32Array} ends  The place behind the last span below each.
 * @property {Float64Array} from  When each began, in milliseconds since the session's first; NaN where that is unknown.
 * @property {Float64Array} to  When each ended, or began where it is not known when it ended.
 * @property {number} began  The first time of all, in milliseconds since 1970; NaN where no span has a time.
 * @property {number} length  Milliseconds from the first time to the last.
 * @property {Int32Array} errors  The places of the spans that failed, in order.
 * @property {import("./sums.js").Sums} inside  What is inside of each comes to.
 */

/**
 * @param {Span[]} spans
 * @returns {Tree}
 */
export function treeOf(spans) {
  const count = spans.length;
  const parents = new Int32Array(count).fill(-1);
  const ends = new Int32Array(count).fill(count);
  /** @type {number[]} */
  const open = [];
  spans.forEach((span, place) => {
    while (open.length && spans[open[open.length - 1]].depth >= span.depth) {
      ends[/** @type {number} */ (open.pop())] = place;
    }
    if (open.length) parents[place] = open[open.length - 1];
    open.push(place);
  });
  const inside = sumsOf({ spans, parents });
  return { spans, parents, ends, ...timesOf(spans), errors: Int32Array.from(failedOf(spans)), inside };
}

/** @param {Span[]} spans */
function failedOf(spans) {
  return spans.flatMap((span, place) => (hasFailed(span) ? [place] : []));
}

/** @param {Span} span */
export function hasFailed(span) {
  return span.status === "failed";
}

/** @param {Span[]} spans */
function timesOf(spans) {
  const starts = spans.map((span) => (span.start === null ? NaN : milliseconds(span.start)));
  const known = starts.filter((time) => !Number.isNaN(time));
  // Not Math.min(...known): a session of many spans has more than a call may have arguments.
  const began = known.reduce((first, time) => Math.min(first, time), Infinity);
  const from = Float64Array.from(starts, (time) => time - began);
  const to = Float64Array.from(from, (time, place) => time + (spans[place].duration_ms ?? 0));
  let length = 0;
  for (let place = 0; place < spans.length; place += 1) {
    // By comparisons that NaN fails.
    if (from[place] > length) length = from[place];
    if (to[place] > length) length = to[place];
  }
  return { from, to, began: known.length ? began : NaN, length };
}

/**
 * The milliseconds since 1970 of a time in RFC 3339, with what it has below a millisecond, which `Date` cuts off.
 * @param {string} time
 */
export function milliseconds(time) {
  const fraction = /\.(\d+)/.exec(time);
  if (!fraction) return Date.parse(time);
  const digits = fraction[1].padEnd(9, "0");
  const whole = Date.parse(time.replace(fraction[0], ""));
  return whole + Number(digits.slice(0, 3)) + Number(digits.slice(3, 9)) / 1e6;
}

/**
 * The places of the spans that are shown, in order.
 * @param {Tree} tree
 * @param {ReadonlySet<number>} collapsed  The places of spans below which nothing is shown.
 * @param {Uint8Array | null} wanted  1 for each span that is to be seen, as `wantedOf` tells; null for all.
 * @returns {Int32Array}
 */
export function visibleRows(tree, collapsed, wanted) {
  const count = tree.spans.length;
  const rows = new Int32Array(count);
  let found = 0;
  for (let place = 0; place < count; ) {
    if (wanted === null || wanted[place]) {
      rows[found] = place;
      found += 1;
    }
    place = collapsed.has(place) ? tree.ends[place] : place + 1;
  }
  return rows.subarray(0, found);
}

/**
 * Where in the rows a span stands, or the nearest above it that is shown; -1 where there are no rows before it.
 * @param {Int32Array} rows
 * @param {number} place
 */
export function rowOf(rows, place) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle] <= place) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * Whether anything is below a span.
 * @param {Tree} tree
 * @param {number} place
 */
export function hasChildren(tree, place) {
  return tree.ends[place] > place + 1;
}

/**
 * The places of a span's children.
 * @param {Tree} tree
 * @param {number} place
 * @param {number} most
 */
export function childrenOf(tree, place, most) {
  /** @type {number[]} */
  const children = [];
  for (let each = place + 1; each < tree.ends[place] && children.length < most; each = tree.ends[each]) {
    children.push(each);
  }
  return children;
}

/**
 * The places of the spans above a span, the nearest first.
 * @param {Tree} tree
 * @param {number} place
 */
export function ancestorsOf(tree, place) {
  /** @type {number[]} */
  const above = [];
  for (let each = tree.parents[place]; each >= 0; each = tree.parents[each]) above.push(each);
  return above;
}

/**
 * The places of the spans that have one of the ids.
 * @param {Tree} tree
 * @param {ReadonlySet<string>} ids
 * @returns {ReadonlySet<number>}
 */
export function placesOf(tree, ids) {
  if (!ids.size) return new Set();
  return new Set(tree.spans.flatMap((span, place) => (ids.has(span.id) ? [place] : [])));
}

/**
 * What is left closed so that a span can be seen. The set itself where that is all of it.
 * @param {Tree} tree
 * @param {ReadonlySet<string>} closed  The ids of spans below which nothing is shown.
 * @param {number} place
 */
export function shownTo(tree, closed, place) {
  const above = ancestorsOf(tree, place).map((each) => tree.spans[each].id);
  if (!above.some((id) => closed.has(id))) return closed;
  const left = new Set(closed);
  above.forEach((id) => left.delete(id));
  return left;
}

/**
 * The next failed span before or behind a place, round the end; -1 where none failed.
 * @param {Tree} tree
 * @param {number} place
 * @param {1 | -1} step
 * @param {Uint8Array | null} wanted
 */
export function nextError(tree, place, step, wanted) {
  const errors = wanted === null ? tree.errors : tree.errors.filter((each) => wanted[each]);
  if (!errors.length) return -1;
  if (step > 0) return errors.find((each) => each > place) ?? errors[0];
  return [...errors].reverse().find((each) => each < place) ?? errors[errors.length - 1];
}

/**
 * The place of the span that a link names: by its id, or by that of one of its events; -1 where there is none.
 * @param {Tree} tree
 * @param {string} id
 */
export function placeOf(tree, id) {
  if (!id) return -1;
  const named = tree.spans.findIndex((span) => span.id === id);
  return named >= 0 ? named : tree.spans.findIndex((span) => span.events.includes(id));
}
