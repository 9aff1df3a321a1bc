// Follows what arrives, by `/api/tail`, and goes on by itself once the collector is there again.

import { get } from "./api.js";

/** Seconds that the collector may keep a request waiting. */
const WAIT = 25;
/** Seconds after a failure until the next attempt: longer each time. */
const PAUSES = [1, 2, 4, 8, 15];
/** Milliseconds that whatever is shown is left as it was at most while something arrives. */
const MOST = 60_000;

/**
 * @typedef {object} Followed
 * @property {(events: any[], answer: {cursor: string, more: boolean}) => unknown} arrived Called with what has arrived,
 *   in the order of arrival, and waited for. If that comes to true, following begins anew, and what has not been told by then never is.
 * @property {(cursor: string) => unknown} [begun] Called when following begins, and when it begins anew because arrivals
 *   were missed; and waited for.
 * @property {(problem: string, seconds: number) => void} failed Called with what went wrong, and in how many seconds
 *   it is tried again; with "" once all is well.
 */

/**
 * Follows until it is aborted.
 *
 * @param {Record<string, any>} query The conditions, and `page_size`.
 * @param {Followed} told
 * @param {AbortSignal} signal
 * @param {string} [from] The cursor to go on from, of an answer to the same conditions; without it, from now on.
 */
export async function follow(query, told, signal, from = "") {
  let [cursor, failures] = [from, 0];
  while (!signal.aborted) {
    try {
      const fresh = !cursor;
      const answer = await get("/api/tail", { ...query, cursor, wait: WAIT }, { signal });
      if (signal.aborted) return;
      cursor = answer.cursor;
      if (failures) told.failed("", 0);
      failures = 0;
      if (fresh) await told.begun?.(cursor);
      if (answer.events.length && (await told.arrived(answer.events, answer)) === true) cursor = "";
    } catch (error) {
      if (signal.aborted) return;
      const status = /** @type {any} */ (error).status ?? 0;
      // The cursor is of a store that is no longer there, or of other conditions: from here on, then.
      if (status === 400) {
        if (!cursor) return told.failed(message(error), 0);
        cursor = "";
      }
      const seconds = PAUSES[Math.min(failures++, PAUSES.length - 1)];
      told.failed(message(error), seconds);
      await pause(seconds * 1000, signal);
    }
  }
}

/**
 * Calls something once following has begun, and again whenever something has arrived; of what, nothing is looked at.
 *
 * @param {Record<string, any>} query The conditions.
 * @param {() => Promise<void>} changed
 * @param {(problem: string) => void} failed
 * @param {AbortSignal} signal
 * @param {number} rest How many milliseconds lie between two calls at least; more where a call takes long.
 */
export async function whenArrived(query, changed, failed, signal, rest) {
  while (!signal.aborted) {
    // Following begins anew after each arrival: whatever came meanwhile is in what is read after that.
    const turn = new AbortController();
    const end = () => turn.abort();
    signal.addEventListener("abort", end, { once: true });
    let took = 0;
    const begun = async () => {
      const began = performance.now();
      await changed().catch(() => {});
      took = performance.now() - began;
    };
    const told = { arrived: end, begun, failed };
    await follow({ ...query, page_size: 1 }, told, turn.signal);
    signal.removeEventListener("abort", end);
    if (!turn.signal.aborted) return;
    await pause(restAfter(took, rest), signal);
  }
}

/**
 * How many milliseconds to wait after something that took so many: what reads much is not to do so all the time.
 *
 * @param {number} took
 * @param {number} least
 */
export function restAfter(took, least) {
  return Math.max(least, Math.min(took * 5, MOST));
}

/** @param {unknown} error */
function message(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Waits, unless it is aborted.
 *
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve(undefined)), { once: true });
  });
}
