// The view `compare`: what is different in one session from another, span by span, as the server has aligned them.

import { useEffect, useMemo, useRef, useState } from "../../vendor/hooks.js";
import { useApi } from "../api.js";
import { costs, count, counted, duration, localTime, utcTime } from "../format.js";
import { html } from "../html.js";
import { oneLine } from "../printable.js";
import { go, segment, sessionPath, setQuery } from "../router.js";
import { BETTER, changeText, shownPairs, signOf, WORSE } from "../session/comparing.js";
import { useElements } from "../session/elements.js";
import { groupOf, nameOf } from "../session/row.js";
import { hasFailed, milliseconds } from "../session/rows.js";
import { scrolledTo, windowOf } from "../session/viewport.js";

/** @typedef {import("../session/comparing.js").Pair} Pair */
/** @typedef {import("../session/rows.js").Span} Span */

/** Pixels of a row, as the style sheet has it. */
const ROW = 24;
const HEAD = 28;

/** @param {import("../router.js").Route} route */
export default function Compare({ params, query }) {
  const owner = { tenant_id: query.get("tenant_id") ?? "", project_id: query.get("project_id") ?? "" };
  const { data, error, again } = useApi("/api/compare", { a: params.a, b: params.b, ...owner });
  useEffect(() => {
    document.title = "Two sessions · Chaukas";
  }, []);
  if (error) return html`<p class="problem" role="alert">${error.message} <button type="button" onClick=${again}>Try again</button></p>`;
  if (!data) return html`<p class="dim" role="status">Comparing …</p>`;
  const missing = [params.a, params.b].filter((_, nth) => !(nth ? data.after : data.before).totals.spans);
  if (missing.length) {
    return html`<h1>Two sessions compared</h1>
      <p>There is no event of the session ${missing.map((each, nth) => html`${nth > 0 && " or of the session "}<code>${oneLine(each, 80)}</code>`)}, or none that the key may read. <a href="/sessions">All sessions</a></p>`;
  }
  return html`<${Compared} data=${data} a=${params.a} b=${params.b} way=${query.get("way") ?? ""} all=${query.get("all") === "1"} />`;
}

/** @param {{data: any, a: string, b: string, way: string, all: boolean}} given */
function Compared({ data, a, b, way, all }) {
  const pairs = /** @type {Pair[]} */ (data.pairs);
  const shown = useMemo(() => shownPairs(pairs, way, all), [pairs, way, all]);
  const ways = /** @type {[string, number][]} */ (Object.entries(data.ways));
  return html`<div class="session compare">
    <header class="session-head">
      <h1>Two sessions compared</h1>
      <${Sums} data=${data} a=${a} b=${b} />
      ${data.truncated && html`<p class="warning" role="status">One of them has more events than are compared here.</p>`}
    </header>
    <div class="session-tools" role="group" aria-label="What is shown">
      <span>${counted(data.spans, "span")} of both</span>
      ${!ways.length && html`<strong class="good">no difference</strong>`}
      ${ways.map(
        ([name, number]) => html`<button
          type="button"
          key=${name}
          class=${`way ${toneOf(name)}`}
          aria-pressed=${String(way === name)}
          onClick=${() => setQuery({ way: way === name ? null : name })}
        >
          ${count(number)} ${name}
        </button>`,
      )}
      <label><input type="checkbox" checked=${all} onChange=${() => setQuery({ all: all ? null : "1" })} /> What is the same, too</label>
    </div>
    <${Pairs} pairs=${pairs} shown=${shown} a=${a} b=${b} />
  </div>`;
}

/** @param {string} way */
function toneOf(way) {
  return WORSE.has(way) ? "worse" : BETTER.has(way) ? "better" : "other";
}

/** @param {{data: any, a: string, b: string}} given */
function Sums({ data, a, b }) {
  const lengths = [data.before, data.after].map((each) => (each.start && each.end ? milliseconds(each.end) - milliseconds(each.start) : 0));
  const tokens = [data.before.totals.tokens, data.after.totals.tokens];
  const amounts = [data.before.totals.cost, data.after.totals.cost];
  const currencies = [...new Set(amounts.flatMap((each) => Object.keys(each)))];
  const one = currencies.length === 1 ? currencies[0] : "";
  const errors = [data.before.totals.errors, data.after.totals.errors];
  return html`<table class="sums-table">
    <thead>
      <tr><td></td><th scope="col">Session</th><th scope="col">Start</th><th scope="col" class="number">Duration</th><th scope="col" class="number">Spans</th><th scope="col" class="number">Tokens</th><th scope="col" class="number">Cost</th><th scope="col" class="number">Errors</th></tr>
    </thead>
    <tbody>
      ${[data.before, data.after].map((each, nth) => {
        const id = nth ? b : a;
        return html`<tr key=${nth}>
          <th scope="row">${nth ? "After" : "Before"}</th>
          <td><a href=${sessionPath(id) + kept()}><code>${oneLine(id, 60)}</code></a></td>
          <td>${each.start && html`<time datetime=${each.start} title=${utcTime(each.start)}>${localTime(Date.parse(each.start), Date.now())}</time>`}</td>
          <td class="number">${duration(lengths[nth])}</td>
          <td class="number">${count(each.totals.spans)}</td>
          <td class="number">${count(tokens[nth])}</td>
          <td class="number">${costs(amounts[nth])}</td>
          <td class=${errors[nth] ? "number error" : "number"}>${count(errors[nth])}</td>
        </tr>`;
      })}
      <tr class="dim">
        <th scope="row">Change</th>
        <td><button type="button" class="jump" onClick=${() => go(`/compare/${segment(b)}/${segment(a)}${location.search}`)}>Swap them</button></td>
        <td></td>
        <td class="number">${changeText(lengths[0], lengths[1])}</td>
        <td class="number">${changeText(data.before.totals.spans, data.after.totals.spans)}</td>
        <td class="number">${changeText(tokens[0], tokens[1])}</td>
        <td class="number">${one && changeText(amounts[0][one] ?? 0, amounts[1][one] ?? 0)}</td>
        <td class="number">${changeText(errors[0], errors[1])}</td>
      </tr>
    </tbody>
  </table>`;
}

/** What of the query goes along to a session: whose it is. */
function kept() {
  const query = new URLSearchParams(location.search);
  const owner = new URLSearchParams([...query].filter(([name]) => name === "tenant_id" || name === "project_id"));
  return owner.size ? `?${owner}` : "";
}

/**
 * The pairs of spans, of which only those that are seen are in the document.
 * @param {{pairs: Pair[], shown: {place: number, passed: boolean}[], a: string, b: string}} given
 */
function Pairs({ pairs, shown, a, b }) {
  const list = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [scrolled, setScrolled] = useState(0);
  const [height, setHeight] = useState(600);
  const [cursor, setCursor] = useState(0);
  const at = Math.min(cursor, shown.length - 1);
  useEffect(() => {
    if (!list.current) return;
    const observer = new ResizeObserver(() => setHeight(Math.max((list.current?.clientHeight ?? 0) - HEAD, 0)));
    observer.observe(list.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => setCursor(0), [shown]);
  // As in the list of one session, keys work at once.
  useEffect(() => list.current?.focus({ preventScroll: true }), []);
  /** @param {number} row */
  const to = (row) => {
    const next = Math.min(Math.max(row, 0), shown.length - 1);
    setCursor(next);
    if (list.current) list.current.scrollTop = scrolledTo(next, list.current.scrollTop, height, ROW, shown.length);
  };
  /** @param {KeyboardEvent} event */
  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = new Map([["ArrowDown", 1], ["j", 1], ["ArrowUp", -1], ["k", -1], ["PageDown", 20], ["PageUp", -20], ["Home", -shown.length], ["End", shown.length]]);
    const step = steps.get(event.key);
    if (step !== undefined) to(at + step);
    else if (event.key === "Enter" && shown[at]) open(pairs[shown[at].place]);
    else return;
    event.preventDefault();
  };
  /** @param {Pair} pair */
  const open = (pair) => {
    const span = pair.after ?? pair.before;
    if (span) go(sessionPath(pair.after ? b : a, span.id) + kept());
  };
  const drawn = windowOf(scrolled, height + 4 * ROW, ROW, shown.length);
  const elementOf = useElements(drawn.first, drawn.last);
  const isDrawn = drawn.first <= at && at < drawn.last;
  return html`<div
    class="waterfall pairs"
    role="treegrid"
    tabindex="0"
    aria-label="Spans of both sessions"
    aria-rowcount=${shown.length + 1}
    aria-activedescendant=${isDrawn ? `pair-${shown[at].place}` : null}
    ref=${list}
    onScroll=${() => setScrolled(Math.floor((list.current?.scrollTop ?? 0) / (4 * ROW)) * 4 * ROW)}
    onKeyDown=${pressed}
  >
    <div class="head" role="rowgroup">
      <div class="pair-grid" role="row" aria-rowindex="1">
        <div role="columnheader" class="cell-name">Span</div>
        <div role="columnheader">What is different</div>
        <div role="columnheader" class="cell-number">Before</div>
        <div role="columnheader" class="cell-number">After</div>
      </div>
    </div>
    <div class="space" role="presentation" style=${{ height: `${drawn.height}px` }}>
      <div class="span-rows" role="presentation" style=${{ transform: `translateY(${drawn.top}px)` }}>
        ${shown.slice(drawn.first, drawn.last).map(
          ({ place, passed }, nth) => html`<${PairRow}
            key=${elementOf(drawn.first + nth)}
            pair=${pairs[place]}
            place=${place}
            index=${drawn.first + nth + 2}
            passed=${passed}
            current=${drawn.first + nth === at}
            choose=${() => {
              setCursor(drawn.first + nth);
              open(pairs[place]);
            }}
          />`,
        )}
      </div>
    </div>
  </div>`;
}

const LEVELS = 14;
const INDENT = 14;

/** @param {{pair: Pair, place: number, index: number, passed: boolean, current: boolean, choose: () => void}} given */
function PairRow({ pair, place, index, passed, current, choose }) {
  const span = /** @type {Span} */ (pair.after ?? pair.before);
  const tone = pair.ways.length && !passed ? toneOf(pair.ways[0]) : "";
  return html`<div
    id=${`pair-${place}`}
    class=${`pair-grid row kind-${groupOf(span.kind)} ${passed ? "passed" : ""} ${current ? "current" : ""} ${pair.ways[0] === "gone" ? "gone" : ""}`}
    role="row"
    aria-rowindex=${index}
    aria-level=${pair.depth + 1}
    onClick=${choose}
  >
    <div role="gridcell" class="cell-name" style=${{ paddingLeft: `${4 + Math.min(pair.depth, LEVELS) * INDENT}px` }}>
      <span class=${`sign ${tone}`}>${signOf(pair)}</span>
      <span class="kind">${oneLine(span.kind, 20)}</span>
      <span class="name" dir="auto">${nameOf(span, 200)}</span>
    </div>
    <div role="gridcell" class="said-ways" title=${pair.answers ? answersText(pair.answers, 300) : null}>
      ${pair.ways.map((way) => html`<span class=${`way ${toneOf(way)}`}>${way}</span> `)}
      ${pair.answers && html`<span class="dim" dir="auto">${answersText(pair.answers, 60)}</span>`}
      ${pair.ways.includes("failed") && pair.after?.error && html`<span class="error" dir="auto">${oneLine(pair.after.error, 120)}</span>`}
    </div>
    <div role="gridcell" class="cell-number">${figuresOf(pair.before)}</div>
    <div role="gridcell" class="cell-number">${figuresOf(pair.after)}</div>
  </div>`;
}

/** @param {[string, string]} answers @param {number} most */
function answersText([before, after], most) {
  return `${oneLine(before, most) || "nothing"} → ${oneLine(after, most) || "nothing"}`;
}

/** How long a span took, and what it cost; tokens tell where nobody has prices. @param {Span | null} span */
function figuresOf(span) {
  if (!span) return "";
  const time = span.duration_ms === null ? "" : duration(span.duration_ms);
  const paid = span.cost ? costs(span.cost) : span.tokens ? `${count(span.tokens.total)} tok` : "";
  return html`${hasFailed(span) && html`<span class="error">✗ </span>`}${time}${paid && html`<span class="paid">${time && " · "}${paid}</span>`}`;
}
