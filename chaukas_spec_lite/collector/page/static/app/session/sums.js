// What the spans inside of a span come to, and how much of its time is its own. Pure.

/** @typedef {import("./rows.js").Tree} Tree */

/**
 * @typedef {object} Sums  By the place of the span that they are inside of, at whatever depth.
 * @property {Float64Array} tokens
 * @property {(Record<string, number> | null)[]} cost  The amounts by currency; null where nothing was paid.
 * @property {Int32Array} errors  How many failed.
 */

/** How many currencies are summed up: somebody may have made up one for each span, all of which are inside of each other. */
const CURRENCIES = 20;

/**
 * Sums up what is inside of each span, itself not included.
 * @param {Pick<Tree, "spans" | "parents">} tree
 * @returns {Sums}
 */
export function sumsOf({ spans, parents }) {
  const tokens = new Float64Array(spans.length);
  const errors = new Int32Array(spans.length);
  /** @type {Sums["cost"]} */
  const cost = new Array(spans.length).fill(null);
  // From the end: what is inside of a span stands behind it.
  for (let place = spans.length - 1; place >= 0; place -= 1) {
    const [span, parent] = [spans[place], parents[place]];
    if (parent < 0) continue;
    tokens[parent] += tokens[place] + (span.tokens?.total ?? 0);
    errors[parent] += errors[place] + (span.status === "failed" ? 1 : 0);
    for (const amounts of [cost[place], span.cost]) if (amounts) cost[parent] = added(cost[parent], amounts);
  }
  return { tokens, cost, errors };
}

/** @param {Record<string, number> | null} sums @param {Record<string, number>} amounts */
function added(sums, amounts) {
  const all = sums ?? {};
  for (const [currency, amount] of Object.entries(amounts)) {
    if (Object.hasOwn(all, currency)) all[currency] += amount;
    else if (Object.keys(all).length < CURRENCIES) all[currency] = amount;
  }
  return all;
}

/**
 * How many milliseconds of a span's time nothing inside of it ran; null where that cannot be told, or nothing is inside.
 * @param {Tree} tree
 * @param {number} place
 */
export function ownTime({ spans, from, to, ends }, place) {
  const length = spans[place].duration_ms;
  if (length === null || !(length > 0) || ends[place] === place + 1) return null;
  let [own, until] = [0, from[place]];
  // They stand in the order in which they began.
  for (let each = place + 1; each < ends[place]; each = ends[each]) {
    // By comparisons that NaN fails: of what has no time, nothing is known.
    if (from[each] > until) own += Math.min(from[each], to[place]) - until;
    // What goes on has no end yet: from there on something ran.
    const end = spans[each].status === "open" ? to[place] : to[each];
    if (end > until) until = Math.min(end, to[place]);
    if (until >= to[place]) return own;
  }
  return own + to[place] - until;
}
