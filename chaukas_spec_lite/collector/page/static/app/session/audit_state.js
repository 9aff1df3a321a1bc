// Whether the events of a session are sealed, and as they were, and stand in the audit log: a word for each in the session's
// head, and what is wrong.

import { useEffect, useState } from "../../vendor/hooks.js";
import { address, get } from "../api.js";
import { count, counted } from "../format.js";
import { html } from "../html.js";
import { oneLine } from "../printable.js";
import { segment, sessionPath } from "../router.js";

/** What is said of each state, its colour, and what it means. */
const STATES = new Map([
  ["verified", ["✓ sealed", "good", "All events are sealed, and all chains of them complete and unaltered."]],
  ["open", ["sealed so far", "", "Nothing is wrong with the seals, but a chain has no end: the session goes on, its process ended, or the end is gone."]],
  ["unsealed", ["not sealed", "dim", "Not all events were recorded with an audit seal; nothing is wrong with those that were."]],
  ["unfinished", ["seals in part", "dim", "The session is too large to be verified here; nothing is wrong with its first events."]],
  ["broken", ["✗ seal broken", "error", "Something is wrong with the chain of seals."]],
]);

/** The same of the log. @type {Map<string, [string, string, string]>} */
const LOG_STATES = new Map([
  ["logged", ["✓ in the log", "good", "Every event of this session stands in the audit log as it came, under a checkpoint that the log's key has signed."]],
  ["waiting", ["", "", "Nothing is wrong. Some events came after the newest signed checkpoint; the next one will cover them."]],
  ["not kept", ["no audit log", "dim", "This collector keeps no audit log, so nothing here is signed."]],
  ["contradicted", ["✗ not as logged", "error", "Something in the database is not what the audit log has signed."]],
  ["refused", ["✗ log contradicts itself", "error", "The audit log is not the one that was signed before: its end is gone, or its history has changed. The collector does not sign it any more."]],
]);

/** Faults that are named. */
const FAULTS = 20;
/** Logs that are named: a session may be one of several tenants. */
const LOGS = 5;

/**
 * What the collector says of a session's seals and of its place in the log; null until it has said it.
 * @param {import("./events.js").Place} where
 */
export function useAudit(where) {
  const [audit, set] = useState(/** @type {any} */ (null));
  const { session_id, ...owner } = where;
  useEffect(() => {
    const aborting = new AbortController();
    get(`/api/sessions/${segment(session_id)}/audit`, owner, { signal: aborting.signal }).then(
      set,
      // Of a collector that does not tell, nothing is shown.
      () => {},
    );
    return () => aborting.abort();
  }, [session_id, owner.tenant_id, owner.project_id]);
  return audit;
}

/**
 * Where the proof of an event is, which anybody can check who has the log's key; empty if there is none.
 * @param {any} audit
 * @param {import("./events.js").StoredEvent} event
 * @param {import("./events.js").Place} where
 */
export function proofOf(audit, event, where) {
  if (!["logged", "waiting", "contradicted"].includes(audit?.log?.state)) return "";
  const { tenant_id, project_id, event_id } = event;
  return address("/audit/proof", { tenant_id: tenant_id || where.tenant_id, project_id: project_id || where.project_id, event_id });
}

/** @param {{audit: any, where: import("./events.js").Place}} given */
export function AuditState({ audit, where }) {
  const [text, tone, meaning] = STATES.get(audit?.state) ?? [];
  if (!text) return null;
  const seals = faultsOf(audit, where);
  return html`
    ${seals.length ? html`<${Opened} text=${text} tone=${tone} meaning=${meaning}>${seals}<//>` : html`<li class=${tone} title=${meaning}>${text}</li>`}
    ${audit.log && html`<${LogState} log=${audit.log} where=${where} />`}
  `;
}

/** @param {{log: any, where: import("./events.js").Place}} given */
function LogState({ log, where }) {
  const [word, tone, meaning] = LOG_STATES.get(log.state) ?? ["", "", ""];
  if (!meaning) return null;
  const text = word || `${count(log.covered)} of ${count(log.events)} in the log`;
  const logs = Array.isArray(log.logs) ? log.logs : [];
  if (log.state === "not kept") return html`<li class=${tone} title=${meaning}>${text}</li>`;
  return html`<${Opened} text=${text} tone=${tone} meaning=${meaning}>
    <li>${meaning}</li>
    ${logs.slice(0, LOGS).map((/** @type {any} */ each) => html`<${Covered} log=${each} />`)}
    ${logs.length > LOGS && html`<li class="dim">and ${count(logs.length - LOGS)} more logs</li>`}
    ${log.whole === false && html`<li class="dim">The session is too large to be looked at as a whole: these are its first events.</li>`}
    ${faultsOf(log, where)}
    <li class="dim">The proof of each event, for somebody who need not trust this page, is a link beside it.</li>
  <//>`;
}

/** @param {{log: any}} given */
function Covered({ log }) {
  const origin = html`<span dir="auto">${oneLine(String(log.origin), 200)}</span>`;
  if (log.refused) return html`<li>The log ${origin}: ${oneLine(String(log.refused), 300)}</li>`;
  if (log.checkpoint === null) return html`<li>The log ${origin} has no checkpoint yet</li>`;
  const checkpoint = address("/audit/checkpoint", { tenant_id: log.tenant_id });
  return html`<li>
    ${count(log.covered)} of ${counted(log.events, "event")} under the
    <a href=${checkpoint} target="_blank" rel="noreferrer">checkpoint of ${counted(log.checkpoint, "entry")}</a> of the log ${origin}
  </li>`;
}

/** A word that opens to a list. @param {{text: string, tone: string, meaning: string, children?: any}} given */
function Opened({ text, tone, meaning, children }) {
  return html`<li>
    <details class="audit">
      <summary class=${tone} title=${meaning}>${text}</summary>
      <ul>${children}</ul>
    </details>
  </li>`;
}

/**
 * What is wrong, each with a link to its event.
 * @param {any} of
 * @param {import("./events.js").Place} where
 */
function faultsOf(of, where) {
  const faults = Array.isArray(of.faults) ? of.faults : [];
  const more = Math.max(faults.length - FAULTS, 0) + (of.faults_unnamed || 0);
  const listed = faults.slice(0, FAULTS).map(
    (/** @type {any} */ fault) => html`<li>
      <a href=${sessionPath(where.session_id, String(fault.event_id)) + location.search}>${oneLine(String(fault.kind), 60)}</a>:
      <span dir="auto"> ${oneLine(String(fault.detail), 300)}</span>
    </li>`,
  );
  return more > 0 ? [...listed, html`<li class="dim">and ${count(more)} more</li>`] : listed;
}
