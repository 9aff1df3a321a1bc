// The axis of time above the bars: which part of a session it shows, and where its marks stand. Pure.

/** A part of a session, in milliseconds since its first event. @typedef {{from: number, to: number}} Range */

/** No shorter part is shown: a nanosecond is all that timestamps tell apart. */
const SHORTEST = 1e-5;

/** @param {number} length @returns {Range} */
export function wholeOf(length) {
  // Not an empty one: a session of a single moment stands at the beginning of its axis.
  return { from: 0, to: length > 0 ? length : 1 };
}

/**
 * Where a time stands, as a share of the axis: from 0 to 1, if it is on it.
 * @param {number} time
 * @param {Range} range
 */
export function shareOf(time, range) {
  return (time - range.from) / (range.to - range.from);
}

/**
 * What is seen of a bar, as shares of the axis; null where nothing is.
 * @param {number} from
 * @param {number} to
 * @param {Range} range
 */
export function barOf(from, to, range) {
  if (Number.isNaN(from) || Number.isNaN(to)) return null;
  // With clocks that disagree, a span may end before it starts; it is drawn all the same.
  const start = shareOf(Math.min(from, to), range);
  const end = shareOf(Math.max(from, to), range);
  if (end < 0 || start > 1) return null;
  return { start: Math.max(start, 0), end: Math.min(end, 1) };
}

/**
 * The part that lies between two points of the axis, which somebody has dragged over.
 * @param {Range} range
 * @param {number} a  A share of the axis.
 * @param {number} b
 */
export function zoomed(range, a, b) {
  const length = range.to - range.from;
  const from = range.from + Math.max(Math.min(a, b), 0) * length;
  const to = range.from + Math.min(Math.max(a, b), 1) * length;
  return to - from < SHORTEST ? range : { from, to };
}

/**
 * The part around a point that is as many times as long, within the whole.
 * @param {Range} range
 * @param {number} share  Where the point is, which stays there.
 * @param {number} factor
 * @param {Range} whole
 */
export function scaled(range, share, factor, whole) {
  const length = Math.min(Math.max((range.to - range.from) * factor, SHORTEST), whole.to - whole.from);
  const point = range.from + share * (range.to - range.from);
  return within(point - share * length, length, whole);
}

/**
 * The part that lies further on by a share of itself, within the whole.
 * @param {Range} range
 * @param {number} share
 * @param {Range} whole
 */
export function moved(range, share, whole) {
  const length = range.to - range.from;
  return within(range.from + share * length, length, whole);
}

/**
 * The part that shows a span with some room beside it, within the whole.
 * @param {number} from
 * @param {number} to
 * @param {Range} whole
 */
export function around(from, to, whole) {
  if (Number.isNaN(from) || Number.isNaN(to)) return whole;
  const length = Math.abs(to - from);
  const room = length > 0 ? length / 20 : (whole.to - whole.from) / 200;
  const start = Math.max(Math.min(from, to) - room, whole.from);
  const end = Math.min(Math.max(from, to) + room, whole.to);
  return end - start < SHORTEST ? whole : { from: start, to: end };
}

/**
 * @param {number} from
 * @param {number} length
 * @param {Range} whole
 * @returns {Range}
 */
function within(from, length, whole) {
  const start = Math.min(Math.max(from, whole.from), whole.to - length);
  return { from: start, to: start + length };
}

/** @param {Range} range @param {Range} whole */
export function isWhole(range, whole) {
  return range.from <= whole.from && range.to >= whole.to;
}

/**
 * The part that a link names, `1200-3400.5`; null where it names none.
 * @param {string} text
 * @param {Range} whole
 * @returns {Range | null}
 */
export function rangeFrom(text, whole) {
  const [, first, second] = /^(\d{1,15}(?:\.\d{1,9})?)-(\d{1,15}(?:\.\d{1,9})?)$/.exec(text) ?? [];
  if (first === undefined) return null;
  const from = Math.max(Number(first), whole.from);
  const to = Math.min(Number(second), whole.to);
  return to - from < SHORTEST ? null : { from, to };
}

/** @param {Range} range */
export function rangeText(range) {
  const digits = range.to - range.from < 10 ? 6 : 1;
  /** @param {number} time */
  const short = (time) => String(Number(time.toFixed(digits)));
  return `${short(range.from)}-${short(range.to)}`;
}

const STEPS = [1, 2, 5, 10];
const SECOND = 1000;
/** What people count in above a second. */
const LONG_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/**
 * The times of the marks: round ones, and about as many as there is room for.
 * @param {Range} range
 * @param {number} most
 * @returns {{times: number[], step: number}}
 */
export function ticksOf(range, most) {
  const step = stepOf((range.to - range.from) / Math.max(most, 1));
  /** @type {number[]} */
  const times = [];
  const first = Math.ceil(range.from / step - 1e-9);
  // By multiplication: adding up steps would add up their errors.
  for (let number = first; number * step <= range.to && times.length <= most + 1; number += 1) times.push(number * step);
  return { times, step };
}

/** @param {number} least */
function stepOf(least) {
  if (least > SECOND && least <= SECOND * 86400) {
    return SECOND * /** @type {number} */ (LONG_STEPS.find((step) => step * SECOND >= least));
  }
  const power = 10 ** Math.floor(Math.log10(least));
  return power * /** @type {number} */ (STEPS.find((step) => step * power >= least * (1 - 1e-9)));
}

/**
 * What stands at a mark: the time since the session's first event, as exact as the marks are apart.
 * @param {number} time
 * @param {number} step
 */
export function tickText(time, step) {
  if (Math.abs(time) < step / 2) return "0";
  if (step < 1e-3) return `${fixed(time * 1e6, step * 1e6)} ns`;
  if (step < 1) return time >= SECOND ? `${fixed(time / SECOND, step / SECOND)} s` : `${fixed(time, step)} ms`;
  if (time < SECOND) return `${fixed(time, step)} ms`;
  if (time < 60 * SECOND || step < SECOND) return `${fixed(time / SECOND, step / SECOND)} s`;
  return clock(Math.round(time / SECOND));
}

/** Pixels that a character of a mark's text takes at most, and those between the mark and its text. */
const CHARACTER = 8;
const BEFORE = 5;

/**
 * Whether a mark's text fits between the mark and the end of the axis. A text that is cut, `2` of `20 s`, is a wrong one.
 * @param {string} text
 * @param {number} share  Where the mark stands.
 * @param {number} width  Of the axis, in pixels.
 */
export function hasRoom(text, share, width) {
  return BEFORE + text.length * CHARACTER <= (1 - share) * width;
}

/** @param {number} seconds */
function clock(seconds) {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const parts = [hours && `${hours} h`, minutes && `${minutes} m`, rest && `${rest} s`];
  return parts.filter(Boolean).join(" ");
}

/** @param {number} value @param {number} step */
function fixed(value, step) {
  return value.toFixed(Math.min(Math.max(-Math.floor(Math.log10(step) + 1e-9), 0), 9));
}
