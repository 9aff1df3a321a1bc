// What stands above a session's spans: what it was, how long it took, what it cost, who worked in it.

import { useState } from "../../vendor/hooks.js";
import { costs, count, counted, duration, localTime, utcTime } from "../format.js";
import { html } from "../html.js";
import { oneLine } from "../printable.js";
import { go, segment } from "../router.js";
import { AuditState } from "./audit_state.js";
import { Copy } from "./copying.js";

/** Agents that are named. */
const AGENTS = 6;

/**
 * @param {object} given
 * @param {import("./rows.js").Tree} given.tree
 * @param {any} given.data  The answer of `/api/sessions/{session_id}/spans`.
 * @param {import("./events.js").Place} given.where
 * @param {any} given.audit  The answer of `/api/sessions/{session_id}/audit`; null until it is there.
 * @param {() => void} given.toError  Goes to the next error.
 */
export function Header({ tree, data, where, audit, toError }) {
  const { totals } = data;
  const name = tree.spans.find((each) => each.kind === "session" && each.name)?.name ?? "";
  return html`<header class="session-head">
    <h1>
      Session <span dir="auto">${oneLine(name, 120)}</span> <code class="id">${oneLine(where.session_id, 80)}</code>
      <${Copy} label="Copy the session's id" text=${() => where.session_id} />
    </h1>
    <ul class="sums" aria-label="In all">
      ${data.start && html`<li><time datetime=${data.start} title=${utcTime(data.start)}>${localTime(Date.parse(data.start), Date.now())}</time></li>`}
      <li title="From the first event to the last">${duration(tree.length)}</li>
      <li>${counted(totals.spans, "span")}, ${counted(totals.events, "event")}</li>
      ${totals.tokens > 0 && html`<li>${counted(totals.tokens, "token")}</li>`}
      ${costs(totals.cost) && html`<li>${costs(totals.cost)}</li>`}
      ${totals.errors > 0 && html`<li><button type="button" class="error" title="To the next error (e)" onClick=${toError}>${counted(totals.errors, "error")}</button></li>`}
      ${totals.retries > 0 && html`<li>${count(totals.retries)} ${totals.retries === 1 ? "retry" : "retries"}</li>`}
      ${totals.handoffs > 0 && html`<li>${counted(totals.handoffs, "hand-off")}</li>`}
      ${data.agents.length > 0 && html`<li><${Agents} agents=${data.agents} /></li>`}
      <${AuditState} audit=${audit} where=${where} />
      <li class="rest"><${CompareWith} session=${where.session_id} /></li>
    </ul>
    ${data.truncated && html`<p class="warning" role="status">The session has more events than are shown here: these are the first ${count(totals.events)}.</p>`}
  </header>`;
}

/** @param {{agents: string[]}} given */
function Agents({ agents }) {
  const more = agents.length - AGENTS;
  const names = agents.slice(0, AGENTS).map((each) => oneLine(each, 40));
  return html`${counted(agents.length, "agent")}: <span dir="auto">${names.join(", ")}</span>${more > 0 && ` and ${count(more)} more`}`;
}

/** Asks for another session, and compares this one with it. @param {{session: string}} given */
function CompareWith({ session }) {
  const [other, set] = useState("");
  /** @param {Event} event */
  const compare = (event) => {
    event.preventDefault();
    if (other.trim()) go(`/compare/${segment(other.trim())}/${segment(session)}${location.search}`);
  };
  return html`<form class="compare-with" onSubmit=${compare}>
    <label>Compare with <input name="other" placeholder="session id" size="12" value=${other} onInput=${(/** @type {any} */ event) => set(event.target.value)} /></label>
  </form>`;
}
