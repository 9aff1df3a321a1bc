// The head of the list with the axis of time, and dragging over it, which zooms.

import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../html.js";
import { hasRoom, shareOf, tickText, zoomed } from "./timescale.js";

/** @typedef {import("./timescale.js").Range} Range */

/** Pixels that a pointer has to move before it drags; anything less is a click. */
const LEAST = 4;

/**
 * @param {object} given
 * @param {{current: HTMLDivElement | null}} given.element
 * @param {{current: HTMLDivElement | null}} given.list
 * @param {{times: number[], step: number}} given.ticks
 * @param {Range} given.range
 * @param {number} given.width  That of the axis, in pixels.
 * @param {[number, number] | null} given.dragged  The part of the axis that is being dragged over.
 */
export function Axis({ element, list, ticks, range, width, dragged }) {
  /** @param {number} time */
  const textOf = (time) => {
    const text = tickText(time, ticks.step);
    return hasRoom(text, shareOf(time, range), width) ? text : "";
  };
  return html`<div class="head" role="rowgroup">
    <div class="row-grid" role="row" aria-rowindex="1">
      <div role="columnheader" class="cell-name">Span</div>
      <div role="columnheader" class="cell-bar axis" ref=${element} title="Drag to zoom, double click to see all">
        <span class="hidden-text">Timeline</span>
        ${ticks.times.map(
          (time) => html`<span key=${time} class="tick" aria-hidden="true" style=${{ left: `${shareOf(time, range) * 100}%` }}>${textOf(time)}</span>`,
        )}
        ${dragged && html`<div class="dragged" aria-hidden="true" style=${boxOf(element.current, list.current, dragged)}></div>`}
      </div>
      <div role="columnheader" class="cell-number cell-duration">Duration</div>
      <div role="columnheader" class="cell-number cell-tokens">Tokens</div>
      <div role="columnheader" class="cell-number cell-cost">Cost</div>
    </div>
  </div>`;
}

/**
 * Where the part that is dragged over stands in the window. Not within the list, which would get as high as it is.
 * @param {HTMLElement | null} axis
 * @param {HTMLElement | null} list
 * @param {[number, number]} dragged
 */
function boxOf(axis, list, [a, b]) {
  if (!axis || !list) return {};
  const [across, down] = [axis.getBoundingClientRect(), list.getBoundingClientRect()];
  const left = across.left + Math.min(a, b) * across.width;
  return {
    left: `${left}px`,
    width: `${Math.abs(b - a) * across.width}px`,
    top: `${down.top}px`,
    height: `${list.clientHeight}px`,
  };
}

/**
 * Zooms to what is dragged over, from wherever a pointer goes down beside the tree.
 * @param {{current: HTMLElement | null}} axis
 * @param {Range} range
 * @param {(range: Range | null) => void} zoom
 */
export function useDrag(axis, range, zoom) {
  const [dragged, setDragged] = useState(/** @type {[number, number] | null} */ (null));
  const going = useRef({ end: () => {}, moved: false });
  useEffect(() => () => going.current.end(), []);

  /** @param {PointerEvent | MouseEvent} event */
  const shareAt = (event) => {
    const box = axis.current?.getBoundingClientRect();
    return box?.width ? (event.clientX - box.left) / box.width : NaN;
  };
  /** @param {PointerEvent | MouseEvent} event */
  const isOver = (event) => {
    const share = shareAt(event);
    return share >= 0 && share <= 1;
  };

  /** @param {PointerEvent} event */
  const down = (event) => {
    going.current.end();
    going.current = { end: () => {}, moved: false };
    // A finger scrolls; it zooms with the buttons.
    if (event.button !== 0 || event.pointerType === "touch" || !isOver(event)) return;
    const [first, x] = [shareAt(event), event.clientX];
    /** @param {PointerEvent} now */
    const move = (now) => {
      if (Math.abs(now.clientX - x) >= LEAST) going.current.moved = true;
      if (going.current.moved) setDragged([first, Math.min(Math.max(shareAt(now), 0), 1)]);
    };
    /** @param {PointerEvent} now */
    const up = (now) => {
      end();
      if (going.current.moved) zoom(zoomed(range, first, shareAt(now)));
    };
    /** @param {KeyboardEvent} pressed */
    const escaped = (pressed) => {
      if (pressed.key !== "Escape" || !going.current.moved) return;
      pressed.stopPropagation();
      end();
    };
    const end = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
      removeEventListener("pointercancel", end);
      removeEventListener("keydown", escaped, true);
      going.current.end = () => {};
      setDragged(null);
    };
    going.current.end = end;
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
    addEventListener("pointercancel", end);
    addEventListener("keydown", escaped, true);
  };
  /** @param {MouseEvent} event */
  const again = (event) => isOver(event) && zoom(null);
  return { dragged, down, again, moved: () => going.current.moved };
}
