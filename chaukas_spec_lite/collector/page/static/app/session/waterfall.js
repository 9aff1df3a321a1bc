// The list of a session's spans: the tree on the left, when each of them ran beside it. Only rows that are seen are in
// the document, so a session may have as many as it likes.

import { useEffect, useLayoutEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../html.js";
import { Axis, useDrag } from "./axis.js";
import { useElements } from "./elements.js";
import { Row } from "./row.js";
import { rowOf } from "./rows.js";
import { shareOf, ticksOf } from "./timescale.js";
import { scrolledTo, windowOf } from "./viewport.js";

/** @typedef {import("./rows.js").Tree} Tree */
/** @typedef {import("./timescale.js").Range} Range */

/** Pixels of a row, as the style sheet has it. */
export const ROW = 24;
/** Pixels of the head above the rows. */
const HEAD = 28;
/** The number of the first row in the table: the head is the first of that. */
const FIRST_ROW = 2;
/** The list is drawn anew when so many rows have been scrolled by. */
const STRIDE = 4;

/**
 * @param {object} given
 * @param {Tree} given.tree
 * @param {Int32Array} given.rows  The places of the spans that are shown.
 * @param {ReadonlySet<number>} given.collapsed
 * @param {Uint8Array | null} given.wanted  What the filter finds; null without one.
 * @param {number} given.cursor  The place of the row that keys go by.
 * @param {number} given.chosen  The place of the span that is shown beside the list; -1 for none.
 * @param {Range} given.range  The part of the session that the axis shows.
 * @param {(range: Range | null) => void} given.zoom  Null for all of it.
 * @param {(place: number) => void} given.open
 * @param {(place: number) => void} given.toggle
 * @param {(event: KeyboardEvent) => void} given.onKey
 * @param {{current: {focus: () => void} | null}} given.handle  Is given what others have the list do.
 */
export function Waterfall({ tree, rows, collapsed, wanted, cursor, chosen, range, zoom, open, toggle, onKey, handle }) {
  const list = useRef(/** @type {HTMLDivElement | null} */ (null));
  const axis = useRef(/** @type {HTMLDivElement | null} */ (null));
  const { scrolled, height, width, onScroll } = useScrolling(list, axis);
  const shown = windowOf(scrolled, height + STRIDE * ROW, ROW, rows.length);
  const at = rowOf(rows, cursor);
  const drag = useDrag(axis, range, zoom);

  handle.current = { focus: () => list.current?.focus({ preventScroll: true }) };
  useLayoutEffect(() => {
    const { current } = list;
    if (!current || at < 0) return;
    const seen = current.clientHeight - HEAD;
    const wantedTop = scrolledTo(at, current.scrollTop, seen, ROW, rows.length);
    if (Math.abs(wantedTop - current.scrollTop) >= 1) current.scrollTop = wantedTop;
    // Not whenever rows are added: who has scrolled elsewhere stays there.
  }, [at < 0 ? "" : tree.spans[rows[at]].id, height]);

  const ticks = ticksOf(range, Math.max(Math.floor(width / 90), 1));
  /** @param {MouseEvent} event */
  const clicked = (event) => {
    if (drag.moved()) return;
    const target = event.target instanceof Element ? event.target : null;
    const place = Number(target?.closest("[data-place]")?.getAttribute("data-place") ?? -1);
    if (place < 0) return;
    if (target?.closest(".twisty")) toggle(place);
    else open(place);
  };
  const drawn = useRows(shown.first, shown.last);
  return html`<div
    class="waterfall"
    role="treegrid"
    tabindex="0"
    aria-label="Spans of the session"
    aria-rowcount=${rows.length + 1}
    aria-colcount="5"
    aria-activedescendant=${shown.first <= at && at < shown.last ? `row-${rows[at]}` : null}
    ref=${list}
    style=${lines(ticks, range)}
    onScroll=${onScroll}
    onKeyDown=${onKey}
    onClick=${clicked}
    onPointerDown=${drag.down}
    onDblClick=${drag.again}
  >
    <${Axis} element=${axis} ticks=${ticks} range=${range} width=${width} dragged=${drag.dragged} list=${list} />
    <div class="space" role="presentation" style=${{ height: `${shown.height}px` }}>
      <div class="span-rows" role="presentation" style=${{ transform: `translateY(${shown.top}px)` }}>
        ${Array.from(rows.subarray(shown.first, shown.last), (place, nth) =>
          drawn({
            tree,
            place,
            index: shown.first + nth + FIRST_ROW,
            range,
            closed: collapsed.has(place),
            found: wanted === null ? 0 : wanted[place],
            current: place === rows[at],
            chosen: place === chosen,
          }),
        )}
      </div>
    </div>
  </div>`;
}

/** The lines below the marks of the axis, which the style sheet draws. @param {{times: number[], step: number}} ticks @param {Range} range */
function lines(ticks, range) {
  const length = range.to - range.from;
  const first = ticks.times.length ? shareOf(ticks.times[0], range) : 0;
  return { "--tick-first": `${(first * 100).toFixed(4)}%`, "--tick-step": `${((ticks.step / length) * 100).toFixed(4)}%` };
}

/**
 * Makes rows, and keeps those that were drawn last: one that has not changed is not drawn again, which is what most of
 * them are while somebody scrolls.
 *
 * @param {number} first  The rows that are shown: from the first to before the last.
 * @param {number} end
 */
function useRows(first, end) {
  const elementOf = useElements(first, end);
  const last = useRef(/** @type {Map<number, {given: Record<string, unknown>, element: number, row: any}>} */ (new Map()));
  const before = last.current;
  /** @type {typeof before} */
  const now = new Map();
  last.current = now;
  /** @param {Parameters<typeof Row>[0]} given */
  return (given) => {
    const element = elementOf(given.index - FIRST_ROW);
    const known = before.get(given.place);
    const isSame = known?.element === element && Object.entries(given).every(([name, value]) => known.given[name] === value);
    const kept = isSame ? known : { given, element, row: html`<${Row} key=${element} ...${given} />` };
    now.set(given.place, kept);
    return kept.row;
  };
}

/**
 * How far the list is scrolled, in strides, and how large it is.
 * @param {{current: HTMLElement | null}} list
 * @param {{current: HTMLElement | null}} axis
 */
function useScrolling(list, axis) {
  const [scrolled, setScrolled] = useState(0);
  const [size, setSize] = useState({ height: 600, width: 400 });
  useEffect(() => {
    if (!list.current) return;
    const measure = () => {
      const height = Math.max((list.current?.clientHeight ?? 0) - HEAD, 0);
      const width = axis.current?.clientWidth ?? 0;
      setSize((before) => (before.height === height && before.width === width ? before : { height, width }));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(list.current);
    measure();
    return () => observer.disconnect();
  }, []);
  // The same number again draws nothing: most of the events of a scroll end here.
  const onScroll = () => setScrolled(Math.floor((list.current?.scrollTop ?? 0) / (STRIDE * ROW)) * STRIDE * ROW);
  return { scrolled, ...size, onScroll };
}
