// A row of the list: a span in the tree, when it ran, for how long, and what it took.

import { costs, count, duration } from "../format.js";
import { html } from "../html.js";
import { oneLine } from "../printable.js";
import { hasChildren, hasFailed } from "./rows.js";
import { barOf } from "./timescale.js";

/** @typedef {import("./rows.js").Span} Span */
/** @typedef {import("./rows.js").Tree} Tree */

/** Levels of the tree that are drawn; what is deeper stands at the last of them, its depth before it. */
const LEVELS = 14;
const INDENT = 14;

/** Colours are those of groups of kinds. */
const GROUPS = new Map([
  ["session", "session"],
  ["agent", "agent"],
  ["hand-off", "agent"],
  ["model", "model"],
  ["tool", "tool"],
  ["mcp", "tool"],
  ["data", "data"],
  ["state", "data"],
  ["error", "error"],
  ["retry", "error"],
]);

/** @param {string} kind */
export function groupOf(kind) {
  return GROUPS.get(kind) ?? "other";
}

/** What marks say in a few words. */
export const MARKS = new Map([
  ["orphan", "parent not recorded"],
  ["no_end", "no end"],
  ["no_start", "no start"],
]);

/**
 * @param {object} given
 * @param {Tree} given.tree
 * @param {number} given.place
 * @param {number} given.index  Which row of the table it is, the first being 1.
 * @param {import("./timescale.js").Range} given.range
 * @param {boolean} given.closed
 * @param {number} given.found  1 if it is only above of what the filter finds.
 * @param {boolean} given.current
 * @param {boolean} given.chosen
 */
export function Row({ tree, place, index, range, closed, found, current, chosen }) {
  const span = tree.spans[place];
  const branch = hasChildren(tree, place);
  const bar = barOf(tree.from[place], tree.to[place], range);
  const classes = ["row-grid", "row", `kind-${groupOf(span.kind)}`];
  if (hasFailed(span)) classes.push("failed");
  if (found === 1) classes.push("passed");
  if (current) classes.push("current");
  if (chosen) classes.push("chosen");
  const level = Math.min(span.depth, LEVELS);
  return html`<div
    id=${`row-${place}`}
    class=${classes.join(" ")}
    role="row"
    data-place=${place}
    aria-rowindex=${index}
    aria-level=${span.depth + 1}
    aria-expanded=${branch ? String(!closed) : null}
    aria-selected=${String(chosen)}
  >
    <div role="gridcell" class="cell-name" style=${{ paddingLeft: `${4 + level * INDENT}px` }}>
      <span class=${branch ? "twisty" : "twisty none"} aria-hidden="true">${branch ? (closed ? "▸" : "▾") : ""}</span>
      ${span.depth > LEVELS && html`<span class="dim">[${span.depth}]</span> `}
      <span class="kind">${oneLine(span.kind, 20)}</span>
      <span class="name" dir="auto" title=${titleOf(span)}>${nameOf(span, 200)}</span>
      ${hasFailed(span) && html`<span class="error what" dir="auto">✗ ${oneLine(span.error ?? "failed", 200)}</span>`}
      ${marksOf(span).map((mark) => html`<span class="mark">${mark}</span>`)}
    </div>
    <div role="gridcell" class="cell-bar">
      ${bar && html`<div class=${barClass(span)} style=${{ left: `${bar.start * 100}%`, width: `${(bar.end - bar.start) * 100}%` }}></div>`}
    </div>
    <div role="gridcell" class="cell-number cell-duration">${span.duration_ms === null ? "" : duration(span.duration_ms)}</div>
    <div role="gridcell" class="cell-number cell-tokens">${span.tokens?.total ? count(span.tokens.total) : inside(tree.inside.tokens[place], count)}</div>
    <div role="gridcell" class="cell-number cell-cost">${costText(span) || inside(tree.inside.cost[place], costs)}</div>
  </div>`;
}

/**
 * What all that is inside of a span comes to, where the span itself has nothing of that sort.
 * @template T
 * @param {T} sum
 * @param {(sum: NonNullable<T>) => string} write
 */
function inside(sum, write) {
  return sum ? html`<span class="dim" title="All that is inside of it"><span class="hidden-text">inside of it </span>${write(sum)}</span>` : "";
}

/** @param {Span} span */
function barClass(span) {
  return span.duration_ms === null ? (span.status === "open" ? "bar open" : "bar point") : "bar";
}

/** @param {Span} span */
export function marksOf(span) {
  const marks = span.marks.map((mark) => MARKS.get(mark) ?? oneLine(mark, 40));
  return span.status === "cancelled" ? ["cancelled", ...marks] : marks;
}

/** @param {Span} span */
export function costText(span) {
  return span.cost ? costs(span.cost) : "";
}

/**
 * The name of a span on a line; nothing where it has none.
 * @param {Span} span
 * @param {number} most
 */
export function nameOf(span, most) {
  return oneLine(span.kind === "hand-off" ? span.name.replace(" -> ", " → ") : span.name, most);
}

/** @param {Span} span */
function titleOf(span) {
  const agent = span.agent && span.kind !== "agent" ? ` · ${span.agent}` : "";
  return `${oneLine(span.kind, 20)} ${nameOf(span, 200)}${oneLine(agent, 80)}`;
}
