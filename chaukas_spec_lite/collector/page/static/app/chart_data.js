// What charts are drawn from: the answer of `/api/series`, as columns. Pure.

/**
 * @typedef {object} Group
 * @property {string} name
 * @property {number[]} events
 * @property {number[]} errors
 * @property {number[]} calls
 * @property {number[]} tokens
 * @property {Record<string, number[]>} cost
 * @property {Record<string, (number | null)[]>} duration_ms
 */
/** @typedef {{times: number[], width: number, series: Group[], agents_by_id: Record<string, string>, truncated: boolean}} Answer */
/** @typedef {{name: string, values: (number | null)[], colour: number}} Line The colour of a model or agent is the same in all charts. */
/** @typedef {{title: string, unit: "count" | "money" | "ms", stacked: boolean, lines: Line[], currency?: string}} Chart */

/** The name of what has none. */
const ALL = "all";
/** The percentile that is drawn where models or agents are told apart. */
export const PERCENTILES = ["p50", "p90", "p99"];

/**
 * Makes the charts of an answer. Of each currency there is one, as amounts of several do not add up.
 *
 * @param {Answer} answer
 * @param {string} percentile Which one is drawn where models or agents are told apart.
 * @returns {Chart[]}
 */
export function chartsOf(answer, percentile) {
  const groups = answer.series;
  const currencies = [...new Set(groups.flatMap((group) => Object.keys(group.cost)))].sort();
  const apart = groups.some((group) => group.name !== "");
  return [
    stacked("Tokens", "count", groups, (group) => group.tokens),
    ...(currencies.length ? currencies : ["USD"]).map((currency) => ({
      ...stacked(`Cost${currency ? ` in ${currency}` : ""}`, "money", groups, (group) => group.cost[currency] ?? []),
      currency,
    })),
    {
      title: apart ? `Latency, ${percentile}` : "Latency",
      unit: "ms",
      stacked: false,
      lines: apart
        ? groups.map((group, colour) => ({ name: group.name, values: group.duration_ms[percentile] ?? [], colour })).filter(isKnown)
        : groups.flatMap((group) => PERCENTILES.map((each, colour) => ({ name: each, values: group.duration_ms[each] ?? [], colour }))),
    },
    stacked("Errors", "count", groups, (group) => group.errors),
  ];
}

/**
 * @param {string} title
 * @param {"count" | "money"} unit
 * @param {Group[]} groups
 * @param {(group: Group) => number[]} values
 * @returns {Chart}
 */
function stacked(title, unit, groups, values) {
  const lines = groups.map((group, colour) => ({ name: group.name || ALL, values: values(group), colour }));
  return { title, unit, stacked: true, lines: lines.filter(isKnown) };
}

/** Whether there is anything to draw. @param {Line} line */
function isKnown(line) {
  return line.values.some((value) => value);
}

/**
 * The columns to draw, those of stacked lines on top of each other, the highest first, so that each covers the one before.
 *
 * @param {Chart} chart
 * @param {number} count How many stretches there are.
 * @returns {(number | null)[][]} in the order of the lines
 */
export function columnsOf(chart, count) {
  if (!chart.stacked) return chart.lines.map((line) => filled(line.values, count));
  const sums = Array(count).fill(0);
  return chart.lines.map((line) => filled(line.values, count).map((value, at) => (sums[at] += value ?? 0)));
}

/** @param {(number | null)[]} values @param {number} count */
function filled(values, count) {
  return Array.from({ length: count }, (_, at) => values[at] ?? null);
}

/**
 * What a line comes to: its sum, or the highest of its durations.
 *
 * @param {Chart} chart
 * @param {Line} line
 * @returns {number | null}
 */
export function wholeOf(chart, line) {
  const known = /** @type {number[]} */ (line.values.filter((value) => value !== null));
  if (chart.unit !== "ms") return known.reduce((sum, value) => sum + value, 0);
  return known.length ? known.reduce((most, value) => Math.max(most, value)) : null;
}
