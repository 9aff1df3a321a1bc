// Reads the events of a span, one by one, as each may have megabytes.

import { useEffect, useState } from "../../vendor/hooks.js";
import { ApiError, get } from "../api.js";

/** An event, as `/api` has it. @typedef {Record<string, any>} StoredEvent */
/** Where events are. @typedef {{tenant_id: string, project_id: string, session_id: string}} Place */

/** Events that are kept for when somebody comes back to them. */
const KEPT = 40;
/** Events of more characters are read again instead. */
const LARGE = 200_000;

/** @type {Map<string, StoredEvent>} */
const kept = new Map();

/**
 * @param {import("./rows.js").Span} span
 * @param {Place} where
 * @param {AbortSignal} signal
 * @returns {Promise<StoredEvent[]>}
 */
export function eventsOf(span, where, signal) {
  return Promise.all(span.events.map((id) => eventOf(id, { ...where, span_id: span.span_id }, signal)));
}

/**
 * @param {string} id
 * @param {Place & {span_id: string}} where
 * @param {AbortSignal} signal
 * @returns {Promise<StoredEvent>}
 */
async function eventOf(id, where, signal) {
  const key = JSON.stringify([where.tenant_id, where.project_id, id]);
  const known = kept.get(key);
  if (known) return known;
  const found = await get("/api/event", { ...where, event_id: id }, { signal });
  const event = found.events[0];
  if (!event) throw new ApiError("The event is not there any more: it has been deleted.", 404);
  if (roughSize(event) < LARGE) {
    kept.set(key, event);
    const oldest = kept.keys().next().value;
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
  }
  return event;
}

/**
 * @typedef {object} Read
 * @property {StoredEvent[] | null} events  Null until all of them have been read.
 * @property {ApiError | null} error
 */

/**
 * Reads the events of a span, again whenever it is another.
 * @param {import("./rows.js").Span} span
 * @param {Place} where
 * @returns {Read}
 */
export function useEvents(span, where) {
  const key = JSON.stringify([span.events, where]);
  const whose = JSON.stringify([span.id, where]);
  const [read, set] = useState(/** @type {Read & {whose: string}} */ ({ whose: "", events: null, error: null }));
  useEffect(() => {
    const aborting = new AbortController();
    eventsOf(span, where, aborting.signal).then(
      (events) => set({ whose, events, error: null }),
      (error) => {
        if (aborting.signal.aborted) return;
        set({ whose, events: null, error: error instanceof ApiError ? error : new ApiError(String(error), 0) });
      },
    );
    return () => aborting.abort();
  }, [key]);
  // What was read before may belong to another span. Of this one it stays until its next event has been read, too: what
  // somebody has opened in it stays open.
  return read.whose === whose ? read : { events: null, error: null };
}

/** About how many characters a value has; counting ends where there are enough. @param {unknown} value */
function roughSize(value) {
  let size = 0;
  const waiting = [value];
  while (waiting.length && size < LARGE) {
    const each = waiting.pop();
    size += typeof each === "string" ? each.length + 2 : 8;
    if (typeof each === "object" && each !== null) {
      for (const inside of Object.values(each)) waiting.push(inside);
    }
  }
  return size;
}
