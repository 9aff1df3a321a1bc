// Reads a session, and again while something of it arrives.

import { useEffect, useState } from "../../vendor/hooks.js";
import { ApiError, get } from "../api.js";
import { whenArrived } from "../following.js";
import { segment } from "../router.js";

/** Milliseconds between two readings of a session that goes on, at least: each reads all of it. */
const REST = 4000;

/**
 * @param {import("./events.js").Place} where
 * @returns {{data: any, error: ApiError | null, again: () => void}}  The data are null until the session was read.
 */
export function useSession({ session_id, ...owner }) {
  const key = JSON.stringify([session_id, owner]);
  const [read, set] = useState({ key, data: /** @type {any} */ (null), error: /** @type {ApiError | null} */ (null) });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const aborting = new AbortController();
    const { signal } = aborting;
    let begun = false;
    const reading = async () => {
      begun = true;
      try {
        const data = await get(`/api/sessions/${segment(session_id)}/spans`, owner, { signal });
        set({ key, data, error: null });
      } catch (error) {
        if (signal.aborted) return;
        const told = error instanceof ApiError ? error : new ApiError(String(error), 0);
        set((before) => ({ key, data: before.key === key ? before.data : null, error: told }));
      }
    };
    // Read once following has begun, so that nothing comes unseen between the two; without it, too, if it cannot begin.
    const failed = () => void (begun || reading());
    whenArrived({ session_id, ...owner }, reading, failed, signal, REST);
    return () => aborting.abort();
  }, [key, turn]);
  // What was read before belongs to another session.
  return { ...(read.key === key ? read : { data: null, error: null }), again: () => setTurn(turn + 1) };
}
