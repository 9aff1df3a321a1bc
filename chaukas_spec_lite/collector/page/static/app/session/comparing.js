// How two sessions differ, as rows: what the server has aligned, without what is the same where that is not wanted. Pure.

/** @typedef {import("./rows.js").Span} Span */

/**
 * A span of one session beside its counterpart, as `/api/compare` has it.
 * @typedef {object} Pair
 * @property {number} depth
 * @property {string[]} ways
 * @property {Span | null} before
 * @property {Span | null} after
 * @property {[string, string] | null} answers
 */

/** What stands before a row, and its colour. */
const SIGNS = new Map([
  ["added", "+"],
  ["gone", "−"],
]);

/** @param {Pair} pair */
export function signOf(pair) {
  return SIGNS.get(pair.ways[0]) ?? (pair.ways.length ? "~" : "");
}

/** The ways that make things worse, which are shown in the colour of errors. */
export const WORSE = new Set(["slower", "dearer", "failed", "gone"]);
/** Those that make them better. */
export const BETTER = new Set(["faster", "cheaper", "recovered", "added"]);

/**
 * The places of the pairs that are shown: those that differ in one of the ways, or in any, and what is above them.
 * @param {Pair[]} pairs  Each before those below it.
 * @param {string} way  Empty for any.
 * @param {boolean} all  Whether those that are the same are shown, too.
 * @returns {{place: number, passed: boolean}[]}  Passed: shown only because of what is below.
 */
export function shownPairs(pairs, way, all) {
  if (all && !way) return pairs.map((_, place) => ({ place, passed: false }));
  /** @type {{place: number, passed: boolean}[]} */
  const shown = [];
  // Whatever is above the pair that was shown last, and has not been passed yet, has less than this depth.
  let needed = 0;
  // From the end: what is above a pair stands before it.
  for (let place = pairs.length - 1; place >= 0; place -= 1) {
    const { depth, ways } = pairs[place];
    const differs = way ? ways.includes(way) : ways.length > 0;
    if (depth >= needed && !differs) continue;
    shown.push({ place, passed: !differs });
    needed = depth;
  }
  return shown.reverse();
}

/**
 * What is said of a number in two sessions: from what to what, and by how much.
 * @param {number} before
 * @param {number} after
 */
export function changeText(before, after) {
  if (before === after || !before) return "";
  const share = after / before - 1;
  // A hundred percent less is nothing at all.
  const percent = share < 0 && after ? Math.min(-share * 100, 99.9) : Math.abs(share) * 100;
  const digits = percent < 9.95 || (percent >= 99.5 && percent < 100) ? 1 : 0;
  return `${share < 0 ? "−" : "+"}${percent.toFixed(digits)}%`;
}
