// Which rows of a list are on the screen, and which element each has. Pure.

/** Rows that are drawn above and below what is seen, so that a quick scroll does not show an empty strip. */
export const OVERSCAN = 12;

/** The height that browsers still draw exactly; a list that is higher is scrolled by shares of it. */
export const MAX_HEIGHT = 8_000_000;

/**
 * The rows to draw.
 * @param {number} scrolled  How many pixels have been scrolled by.
 * @param {number} height  How many pixels are seen.
 * @param {number} rowHeight
 * @param {number} count  How many rows there are.
 * @returns {{first: number, last: number, top: number, height: number}}  From the first to before the last; where the
 *   first stands; and how high all of them are.
 */
export function windowOf(scrolled, height, rowHeight, count) {
  const whole = count * rowHeight;
  const shownHeight = Math.min(whole, MAX_HEIGHT);
  const reach = shownHeight - height;
  const most = Math.max(whole - height, 0);
  const offset = Math.min(Math.max(scrolled, 0), Math.max(reach, 0));
  // The same below MAX_HEIGHT; above it the end of the one is the end of the other.
  const position = reach > 0 ? (offset / reach) * most : 0;
  const first = Math.max(Math.floor(position / rowHeight) - OVERSCAN, 0);
  const last = Math.min(Math.ceil((position + height) / rowHeight) + OVERSCAN, count);
  return { first, last, top: first * rowHeight - position + offset, height: shownHeight };
}

/**
 * Where to scroll so that a row is seen: as little as it takes, with a row to spare.
 * @param {number} row
 * @param {number} scrolled
 * @param {number} height
 * @param {number} rowHeight
 * @param {number} count
 */
export function scrolledTo(row, scrolled, height, rowHeight, count) {
  const whole = count * rowHeight;
  const shownHeight = Math.min(whole, MAX_HEIGHT);
  const reach = Math.max(shownHeight - height, 0);
  const most = Math.max(whole - height, 0);
  const scale = most > 0 ? reach / most : 1;
  const position = Math.min(scrolled, reach) / scale || 0;
  const spare = height > 4 * rowHeight ? rowHeight : 0;
  const above = row * rowHeight - spare;
  const below = (row + 1) * rowHeight + spare - height;
  const wanted = position > above ? above : position < below ? below : position;
  return Math.min(Math.max(wanted, 0), most) * scale;
}

/**
 * The elements that rows are drawn in, as a ring: the row behind the last one has that of the first, once that is out of
 * sight.
 * @typedef {object} Ring
 * @property {number} base  The row whose element is number 0.
 * @property {number} room  How many elements there are.
 * @property {number} first  The rows that are shown: from the first to before the last.
 * @property {number} last
 */

/** @type {Ring} */
export const NO_RING = { base: 0, room: 0, first: 0, last: 0 };

/**
 * The ring for other rows.
 * @param {Ring} before
 * @param {number} first
 * @param {number} last
 * @returns {Ring}
 */
export function ringOf(before, first, last) {
  const room = Math.max(before.room, last - first);
  // Where nothing stays in sight it begins anew, so that no element has to move behind another.
  const isApart = room > before.room || first >= before.last || last <= before.first;
  return { base: isApart ? first : before.base, room, first, last };
}

/**
 * The number of a row's element, of which no other row that is shown has the same.
 * @param {Ring} ring
 * @param {number} row
 */
export function elementOf({ base, room }, row) {
  return (((row - base) % room) + room) % room;
}
