// Texts of events as they are shown on one line: what would change the text around them becomes a visible mark. Pure.

/** Characters shown of a text on one line, unless a view wants another number; more than any line has room for. */
export const MAX_LINE = 300;
/** Marks kept above or below one character. Many of them cover the lines around. */
const MAX_MARKS = 4;

const JOINERS = "\u200c\u200d"; // Emoji and several scripts are written with them.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/u;
const MARK = /[\p{Mn}\p{Me}]/u;
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * Writes a text on one line. Control characters, among them those that reverse the direction of writing, become
 * visible (`\u202e`), and what is beyond the room becomes an ellipsis.
 *
 * @param {string} text
 * @param {number} [most]
 * @returns {string}
 */
export function oneLine(text, most = MAX_LINE) {
  // Only the beginning is looked at, as a text may have megabytes.
  const looked = text.slice(0, 4 * most);
  const line = looked.trim().replace(/\s+/gu, " ");
  if (PLAIN.test(line)) return line.length > most ? `${line.slice(0, most - 1).trimEnd()}…` : line + rest(text, looked);
  let [shown, taken, marks] = ["", 0, 0];
  for (const char of line) {
    const joins = JOINERS.includes(char);
    marks = joins || MARK.test(char) ? marks + 1 : 0;
    if (marks > MAX_MARKS) continue;
    if (++taken > most) return `${shown.trimEnd()}…`;
    shown += joins || !UNSEEN.test(char) ? char : escaped(char);
  }
  return shown + rest(text, looked);
}

/**
 * Writes a text of several lines: as `oneLine`, but with its lines and spaces.
 *
 * @param {string} text
 * @returns {string}
 */
export function lines(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu, (char) =>
    "\n\t".includes(char) || JOINERS.includes(char) ? char : char === "\r" ? "" : escaped(char),
  );
}

/** @param {string} text @param {string} looked */
function rest(text, looked) {
  return text.length > looked.length ? "…" : "";
}

/** @param {string} char */
function escaped(char) {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}
