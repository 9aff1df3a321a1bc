// Whether the events of a session are sealed, and as they were: a word in the session's head, and what is wrong.

import { useEffect, useState } from "../../vendor/hooks.js";
import { get } from "../api.js";
import { count } from "../format.js";
import { html } from "../html.js";
import { oneLine } from "../printable.js";
import { sessionPath } from "../router.js";

/** What is said of each state, its colour, and what it means. */
const STATES = new Map([
  ["verified", ["✓ sealed", "good", "All events are sealed, and all chains of them complete and unaltered."]],
  ["open", ["sealed so far", "", "Nothing is wrong with the seals, but a chain has no end: the session goes on, its process ended, or the end is gone."]],
  ["unsealed", ["not sealed", "dim", "Not all events were recorded with an audit seal; nothing is wrong with those that were."]],
  ["unfinished", ["seals in part", "dim", "The session is too large to be verified here; nothing is wrong with its first events."]],
  ["broken", ["✗ seal broken", "error", "Something is wrong with the chain of seals."]],
]);

/** Faults that are named. */
const FAULTS = 20;

/** @param {{where: import("./events.js").Place}} given */
export function AuditState({ where }) {
  const [audit, set] = useState(/** @type {any} */ (null));
  const { session_id, ...owner } = where;
  useEffect(() => {
    const aborting = new AbortController();
    get(`/api/sessions/${encodeURIComponent(session_id)}/audit`, owner, { signal: aborting.signal }).then(
      set,
      // Of a collector that does not tell, nothing is shown.
      () => {},
    );
    return () => aborting.abort();
  }, [session_id, owner.tenant_id, owner.project_id]);
  const [text, tone, meaning] = STATES.get(audit?.state) ?? [];
  if (!text) return null;
  const faults = Array.isArray(audit.faults) ? audit.faults : [];
  if (!faults.length) return html`<li class=${tone} title=${meaning}>${text}</li>`;
  const more = Math.max(faults.length - FAULTS, 0) + (audit.faults_unnamed || 0);
  return html`<li>
    <details class="audit">
      <summary class=${tone} title=${meaning}>${text}</summary>
      <ul>
        ${faults.slice(0, FAULTS).map(
          (/** @type {any} */ fault) => html`<li>
            <a href=${sessionPath(session_id, String(fault.event_id)) + location.search}>${oneLine(String(fault.kind), 60)}</a>:
            <span dir="auto"> ${oneLine(String(fault.detail), 300)}</span>
          </li>`,
        )}
        ${more > 0 && html`<li class="dim">and ${count(more)} more</li>`}
      </ul>
    </details>
  </li>`;
}
