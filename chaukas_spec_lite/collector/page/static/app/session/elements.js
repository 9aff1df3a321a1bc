// Which element a row of a long list is drawn in: filling one that is there takes half the time of making another.

import { useRef } from "../../vendor/hooks.js";
import { elementOf, NO_RING, ringOf } from "./viewport.js";

/**
 * Tells for each row that is shown the key of its element. Rows that come into sight get the elements of those that have
 * gone out of it.
 *
 * @param {number} first  The rows that are shown: from the first to before the last.
 * @param {number} last
 * @returns {(row: number) => number}
 */
export function useElements(first, last) {
  const ring = useRef(NO_RING);
  const now = ringOf(ring.current, first, last);
  ring.current = now;
  return (row) => elementOf(now, row);
}
