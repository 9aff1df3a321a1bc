// A chart over time: drawn by uPlot, with a legend that says what is under the pointer, and a table of the same.

import { useEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
import uPlot from "../vendor/uplot.js";
import { columnsOf, wholeOf } from "./chart_data.js";
import { axisTime, count, duration, localTime, money, short } from "./format.js";
import { html } from "./html.js";
import { oneLine } from "./printable.js";

/** @typedef {import("./chart_data.js").Chart} Drawn */

/** Pixels; what is wide is higher, too. */
const [LOWEST, HIGHEST] = [220, 360];
/** Steps of an axis of whole numbers. */
const WHOLE = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
/** How many colours there are in the style; see `.swatch`. */
const COLOURS = 13;

/**
 * @param {object} given
 * @param {Drawn} given.chart
 * @param {string} given.part  Of which events it is, if not of all: "events that name their model".
 * @param {number[]} given.times
 * @param {number} given.width
 * @param {(from: number, to: number) => void} given.zoom
 */
export function Chart({ chart, part, times, width, zoom }) {
  const [at, point] = useState(/** @type {number | null} */ (null));
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const legend = useRef(/** @type {HTMLElement | null} */ (null));
  const theme = useTheme();
  // Drawn anew only if there is something else to draw, and not for each answer that is the same.
  const key = JSON.stringify([chart, times]);
  useEffect(() => {
    if (!box.current || !legend.current) return undefined;
    const plot = drawn({ chart, times, width, zoom, point }, box.current, legend.current);
    const resized = new ResizeObserver(([entry]) => plot.setSize(sizeOf(entry.contentRect.width)));
    resized.observe(box.current);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [key, theme]);
  const written = useMemo(() => writerOf(chart), [chart.unit, chart.currency]);
  const now = Date.now();
  if (!chart.lines.length) {
    const none = part ? `None in this time, of ${part}.` : "None in this time.";
    return html`<figure class="chart"><figcaption>${oneLine(chart.title, 60)}</figcaption><p class="dim">${none}</p></figure>`;
  }
  return html`<figure class="chart">
    <figcaption>${oneLine(chart.title, 60)} <span class="dim">${at === null ? (chart.unit === "ms" ? "highest" : "in all") : localTime(times[at] * 1000, now)}</span></figcaption>
    <div class="plot" ref=${box} role="img" aria-label=${`Chart of ${chart.title}; the table below says the same`}></div>
    <ul class="legend" ref=${legend}>
      ${chart.lines.map((line) => {
        const value = at === null ? wholeOf(chart, line) : line.values[at];
        return html`<li><span class=${`swatch c${line.colour % COLOURS}`}></span><bdi>${oneLine(line.name, 40)}</bdi>
          <span class="number">${value === null || value === undefined ? "–" : written(value)}</span></li>`;
      })}
    </ul>
    <${Table} chart=${chart} times=${times} written=${written} />
  </figure>`;
}

/** @param {{chart: Drawn, times: number[], written: (value: number) => string}} given */
function Table({ chart, times, written }) {
  const [open, show] = useState(false);
  const rows = times.map((_, at) => at).filter((at) => chart.lines.some((line) => line.values[at]));
  return html`<details onToggle=${(/** @type {any} */ event) => show(event.currentTarget.open)}>
    <summary>Table</summary>
    ${open && html`<div class="scrolled" tabindex="0" role="region" aria-label=${`Table of ${chart.title}`}><table>
      <thead><tr><th scope="col">From</th>${chart.lines.map((line) => html`<th scope="col" class="number"><bdi>${oneLine(line.name, 40)}</bdi></th>`)}</tr></thead>
      <tbody>${rows.map((at) => html`<tr><th scope="row">${localTime(times[at] * 1000, Date.now())}</th>
        ${chart.lines.map((line) => html`<td class="number">${line.values[at] === null || line.values[at] === undefined ? "" : written(/** @type {number} */ (line.values[at]))}</td>`)}
      </tr>`)}</tbody>
    </table></div>`}
  </details>`;
}

/** How values are written. @param {Drawn} chart @returns {(value: number) => string} */
function writerOf(chart) {
  if (chart.unit === "ms") return duration;
  return chart.unit === "money" ? (value) => money(value, chart.currency ?? "") : count;
}

/** Counts up whenever the colours change. */
function useTheme() {
  const [turn, set] = useState(0);
  useEffect(() => {
    const changed = () => set((before) => before + 1);
    const system = matchMedia("(prefers-color-scheme: dark)");
    addEventListener("chaukas-theme", changed);
    system.addEventListener("change", changed);
    return () => {
      removeEventListener("chaukas-theme", changed);
      system.removeEventListener("change", changed);
    };
  }, []);
  return turn;
}

/** How large a chart is drawn where there is so much room. @param {number} width */
function sizeOf(width) {
  return { width: Math.floor(width), height: Math.round(Math.max(LOWEST, Math.min(width * 0.42, HIGHEST))) };
}

/** What stands at the axis of time. @param {any} _ @param {number[]} seconds @param {number} __ @param {number} ___ @param {number} step */
function timesOf(_, seconds, __, ___, step) {
  return seconds.map((each, at) => axisTime(each, at ? seconds[at - 1] : null, step));
}

/**
 * Draws it.
 *
 * @param {{chart: Drawn, times: number[], width: number, zoom: (from: number, to: number) => void, point: (at: number | null) => void}} given
 * @param {HTMLElement} box
 * @param {HTMLElement} legend Its swatches have the colours, which are those of the theme.
 */
function drawn({ chart, times, width, zoom, point }, box, legend) {
  const colours = [...legend.querySelectorAll(".swatch")].map((each) => getComputedStyle(each).backgroundColor);
  const { color, borderColor } = getComputedStyle(legend);
  const columns = columnsOf(chart, times.length);
  const lines = chart.lines.map((_, number) => {
    const colour = colours[number] ?? color;
    return chart.stacked
      ? { stroke: colour, fill: colour, width: 0, paths: uPlot.paths.bars?.({ size: [0.85, 60], align: 1 }), points: { show: false } }
      : { stroke: colour, width: 1.5, spanGaps: true, points: { show: true, size: 4 } };
  });
  // What is stacked is drawn from the top down, as each covers all that is below it.
  if (chart.stacked) [lines.reverse(), columns.reverse()];
  const axis = { stroke: color, grid: { stroke: borderColor, width: 1 }, ticks: { stroke: borderColor, width: 1 } };
  const label = (/** @type {number} */ value) => (value === 0 ? "0" : chart.unit === "ms" ? duration(value) : short(value));
  const options = {
    ...sizeOf(Math.max(100, box.clientWidth)),
    legend: { show: false },
    // On the right there is room for half of a time with its seconds, which is wider than what uPlot leaves.
    padding: [null, 32, null, null],
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, sync: { key: "charts" }, points: { show: !chart.stacked } },
    scales: {
      x: { time: true, range: () => [times[0], times[times.length - 1] + width] },
      y: { range: (/** @type {any} */ _, /** @type {number} */ __, /** @type {number} */ most) => [0, most > 0 ? most * 1.08 : 1] },
    },
    axes: [{ ...axis, values: timesOf }, { ...axis, size: 62, values: (/** @type {any} */ _, /** @type {number[]} */ values) => values.map(label), ...(chart.unit === "count" ? { incrs: WHOLE } : {}) }],
    series: [{}, ...lines],
    hooks: {
      setCursor: [(/** @type {any} */ plot) => point(plot.cursor.idx ?? null)],
      setSelect: [
        (/** @type {any} */ plot) => {
          if (plot.select.width < 4) return;
          const [from, to] = [plot.select.left, plot.select.left + plot.select.width].map((place) => plot.posToVal(place, "x"));
          zoom(from, to);
        },
      ],
    },
  };
  return new uPlot(/** @type {any} */ (options), /** @type {any} */ ([times, ...columns]), box);
}
