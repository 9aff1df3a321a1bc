// What the keys do in the list of spans. Pure.

import { hasChildren, rowOf } from "./rows.js";

/** @typedef {import("./rows.js").Tree} Tree */

/** Rows that a key for pages goes by. */
const PAGE = 20;

/** What each key does. The words of the help stand in `tools.js` of the frame. @type {[string[], string][]} */
export const KEYS = [
  [["ArrowDown", "j"], "next"],
  [["ArrowUp", "k"], "previous"],
  [["ArrowRight"], "expand"],
  [["ArrowLeft"], "collapse"],
  [["Enter"], "open"],
  [[" "], "toggle"],
  [["e"], "next error"],
  [["E"], "previous error"],
  [["/"], "filter"],
  [["z"], "zoom to"],
  [["+", "="], "zoom in"],
  [["-"], "zoom out"],
  [["<", "["], "earlier"],
  [[">", "]"], "later"],
  [["0"], "all"],
  [["x"], "collapse all"],
  [["Escape"], "back"],
  [["Home"], "first"],
  [["End"], "last"],
  [["PageDown"], "page down"],
  [["PageUp"], "page up"],
];

/** Those that work outside the list, too: neither fields nor buttons, nor scrolling, need them. */
export const EVERYWHERE = new Set(["j", "k", "e", "E", "/", "z", "0", "x", "Escape"]);

const ACTIONS = new Map(KEYS.flatMap(([keys, action]) => keys.map((key) => [key, action])));

/**
 * What a key does; nothing for keys that are the browser's.
 * @param {{key: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean}} event
 */
export function actionOf({ key, ctrlKey, metaKey, altKey }) {
  return ctrlKey || metaKey || altKey ? "" : (ACTIONS.get(key) ?? "");
}

/**
 * The place to go to; that of the cursor where its own branch is to be opened or closed, -1 where there is nothing.
 * @param {string} action
 * @param {Tree} tree
 * @param {Int32Array} rows
 * @param {ReadonlySet<number>} collapsed
 * @param {number} cursor
 */
export function nextPlace(action, tree, rows, collapsed, cursor) {
  const at = Math.max(rowOf(rows, cursor), 0);
  const place = rows[at];
  if (action === "expand") {
    if (!hasChildren(tree, place)) return -1;
    if (collapsed.has(place)) return place;
    // The first span inside that is shown: a filter may hide some.
    return at + 1 < rows.length && rows[at + 1] < tree.ends[place] ? rows[at + 1] : -1;
  }
  if (action === "collapse") {
    return hasChildren(tree, place) && !collapsed.has(place) ? place : tree.parents[place];
  }
  const steps = new Map([
    ["next", 1],
    ["previous", -1],
    ["page down", PAGE],
    ["page up", -PAGE],
    ["first", -rows.length],
    ["last", rows.length],
  ]);
  const step = steps.get(action);
  return step === undefined ? -1 : rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
}
