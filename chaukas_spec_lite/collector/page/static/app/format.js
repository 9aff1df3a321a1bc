// How numbers, times and amounts are written. Pure: what time it is now is always given.

import { oneLine } from "./printable.js";

/** Characters shown of a currency, which should have three: it is what somebody sent. */
const MAX_CURRENCY = 12;

/** @typedef {Record<string, number>} Amounts What was paid, by currency. */

/** Writes numbers with so many digits behind the point. Made once: `toLocaleString` makes one for each number. @param {number} digits */
const withDigits = (digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const WHOLE = withDigits(0);
const CENTS = withDigits(2);
const FINER = withDigits(4);

/**
 * Writes a duration with about three digits, as the commands do: `0.69 ms`, `4.26 s`, `3 m 05 s`, `2 h 07 m`, `5 d 03 h`.
 * @param {number} ms
 * @returns {string}
 */
export function duration(ms) {
  const sign = ms < 0 ? "-" : "";
  const seconds = Math.abs(ms) / 1000;
  if (seconds < 0.9995) return `${sign}${threeDigits(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${sign}${threeDigits(seconds)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${sign}${minutes} m ${two(whole % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${sign}${hours} h ${two(minutes % 60)} m`;
  return `${sign}${count(Math.floor(hours / 24))} d ${two(hours % 24)} h`;
}

/** @param {number} number */
function threeDigits(number) {
  return number.toFixed(number < 9.995 ? 2 : number < 99.95 ? 1 : 0);
}

/** @param {number} number */
function two(number) {
  return String(number).padStart(2, "0");
}

/**
 * Writes a whole number with commas.
 * @param {number} number
 * @returns {string}
 */
export function count(number) {
  return WHOLE.format(number);
}

/**
 * Writes a number with its noun: `1 event`, `2 events`, `3 retries`.
 * @param {number} number
 * @param {string} noun
 * @returns {string}
 */
export function counted(number, noun) {
  if (number === 1) return `1 ${noun}`;
  return `${count(number)} ${noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
}

/**
 * Writes a number in little room, for axes: `950`, `1.2k`, `34k`, `5.6M`.
 * @param {number} number
 * @returns {string}
 */
export function short(number) {
  const size = Math.abs(number);
  if (size >= 1e9) return `${trimmed(number / 1e9)}G`;
  if (size >= 1e6) return `${trimmed(number / 1e6)}M`;
  if (size >= 1e3) return `${trimmed(number / 1e3)}k`;
  return trimmed(number);
}

/** @param {number} number */
function trimmed(number) {
  return String(Number(number.toPrecision(3)));
}

/**
 * Writes an amount as the commands do: `$0.0014`, `$2.50`, `0.0014 EUR`; `<$0.0001` for what is less than that.
 * @param {number} amount
 * @param {string} currency
 * @returns {string}
 */
export function money(amount, currency) {
  const size = Math.abs(amount);
  let sign = amount < 0 ? "-" : "";
  let number = size ? (size >= 0.995 ? CENTS : FINER).format(size) : "0";
  if (number === "0.0000") [sign, number] = ["<", "0.0001"];
  return currency === "USD" ? `${sign}$${number}` : `${sign}${number} ${oneLine(currency, MAX_CURRENCY)}`.trimEnd();
}

/**
 * Writes amounts of several currencies; nothing where nothing was paid.
 * @param {Amounts} amounts
 * @returns {string}
 */
export function costs(amounts) {
  return Object.keys(amounts)
    .sort()
    .filter((currency) => amounts[currency])
    .map((currency) => money(amounts[currency], currency))
    .join(" + ");
}

/**
 * Reads RFC 3339 as milliseconds since 1970; null where there is no time.
 * @param {string | null | undefined} text
 * @returns {number | null}
 */
export function moment(text) {
  if (!text) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/**
 * The milliseconds from one time to another, with the nanoseconds that `Date` cuts off; null where one is missing.
 * @param {string | null | undefined} first
 * @param {string | null | undefined} last
 * @returns {number | null}
 */
export function between(first, last) {
  const [from, to] = [moment(first), moment(last)];
  if (from === null || to === null) return null;
  return to - from + finer(last) - finer(first);
}

/**
 * The part of a time that is finer than a millisecond, in milliseconds.
 * @param {string | null | undefined} text
 */
function finer(text) {
  const digits = /\.\d{3}(\d+)/.exec(text ?? "")?.[1];
  return digits ? Number(`0.${digits}`) : 0;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * Writes a time in the viewer's zone: `14:03:22` today, `Nov 29 14:03:22` this year, `2025-11-29 14:03:22` else.
 * @param {number} ms
 * @param {number} now
 * @param {boolean} [millis] Whether milliseconds are wanted.
 * @returns {string}
 */
export function localTime(ms, now, millis = false) {
  const [at, today] = [new Date(ms), new Date(now)];
  const fraction = millis ? `.${String(at.getMilliseconds()).padStart(3, "0")}` : "";
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}${fraction}`;
  if (at.toDateString() === today.toDateString()) return time;
  if (at.getFullYear() === today.getFullYear()) return `${MONTHS[at.getMonth()]} ${two(at.getDate())} ${time}`;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

/**
 * Writes a time at an axis, in the viewer's zone, with the day below it wherever another one begins.
 * @param {number} seconds Since 1970.
 * @param {number | null} before The time that stands before it.
 * @param {number} step The seconds between two.
 * @returns {string}
 */
export function axisTime(seconds, before, step) {
  const at = new Date(seconds * 1000);
  const day = `${MONTHS[at.getMonth()]} ${two(at.getDate())}`;
  const isNew = before === null || new Date(before * 1000).toDateString() !== at.toDateString();
  const year = isNew && (before === null || new Date(before * 1000).getFullYear() !== at.getFullYear());
  if (step >= 86400) return year ? `${day}\n${at.getFullYear()}` : day;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}${step < 60 ? `:${two(at.getSeconds())}` : ""}`;
  return isNew ? `${time}\n${day}` : time;
}

/**
 * Writes a time in UTC, as the title of a time in the viewer's zone: `2026-11-29 13:03:22.123456 UTC`.
 * @param {string} text RFC 3339, in UTC.
 * @returns {string}
 */
export function utcTime(text) {
  return text.replace("T", " ").replace(/Z$/, " UTC");
}

/**
 * Says how long ago something was: `now`, `12 s ago`, `5 m ago`, `3 h ago`, `2 d ago`; `in 5 m` for what is to come.
 * @param {number} ms
 * @param {number} now
 * @returns {string}
 */
export function ago(ms, now) {
  const seconds = Math.round((now - ms) / 1000);
  const size = Math.abs(seconds);
  if (size < 2) return "now";
  const amount =
    size < 60
      ? `${size} s`
      : size < 3600
        ? `${Math.floor(size / 60)} m`
        : size < 86400
          ? `${Math.floor(size / 3600)} h`
          : `${count(Math.floor(size / 86400))} d`;
  return seconds < 0 ? `in ${amount}` : `${amount} ago`;
}
