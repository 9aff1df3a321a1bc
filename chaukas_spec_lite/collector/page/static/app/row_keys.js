// The keyboard in lists: j, k and arrows go from row to row, Home and End to the first and last; Enter follows a link.

import { useLayoutEffect } from "../vendor/hooks.js";

/** Whether somebody is writing there, so that letters are text. @param {EventTarget | null} target */
export function takesText(target) {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName))
  );
}

/** The step of each key; beyond the ends it stays at the end. @type {Record<string, number>} */
const STEPS = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/**
 * Moves the focus among the elements with `data-row` in a view, whenever one of the keys is pressed outside of a form.
 *
 * @param {{current: HTMLElement | null}} container
 */
export function useRowKeys(container) {
  useKeptFocus(container);
  useLayoutEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      const step = STEPS[event.key];
      if (step === undefined || takesText(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector("dialog[open]") || !container.current) return;
      const rows = /** @type {HTMLElement[]} */ ([...container.current.querySelectorAll("[data-row]")]);
      if (!rows.length) return;
      const at = rows.findIndex((row) => row.contains(document.activeElement));
      const next = at < 0 && Number.isFinite(step) ? 0 : Math.max(0, Math.min(rows.length - 1, at + step));
      rows[next]?.focus();
      event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}

/**
 * Gives the focus back to what had it, after the view was drawn anew: some browsers take it from a row that is moved.
 *
 * @param {{current: HTMLElement | null}} container
 */
function useKeptFocus(container) {
  const had = document.activeElement;
  useLayoutEffect(() => {
    if (had instanceof HTMLElement && had !== document.activeElement && container.current?.contains(had)) {
      had.focus({ preventScroll: true });
    }
  });
}
