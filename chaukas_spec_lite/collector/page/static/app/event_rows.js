// Events as a table, for search and live tail.

import { useRef, useState } from "../vendor/hooks.js";
import { agentOf, summaryOf } from "./event_summary.js";
import { count, localTime, moment, utcTime } from "./format.js";
import { html } from "./html.js";
import { lines, oneLine } from "./printable.js";
import { sessionPath } from "./router.js";
import { useRowKeys } from "./row_keys.js";

/** @typedef {import("./event_summary.js").StoredEvent} StoredEvent */

/** Ids that are longer than the collector takes them lead nowhere. */
export const MAX_ID = 1000;
/** Characters shown of an event's JSON. */
const MAX_RAW = 20_000;

/**
 * The roles are named, because browsers take them from rows that are laid out as cards, as on narrow screens.
 *
 * @param {{events: StoredEvent[], label: string, now: number}} given
 */
export function EventRows({ events, label, now }) {
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  useRowKeys(body);
  return html`
    <div class="scrolled">
      <table class="rows events" role="table" aria-label=${label}>
        <thead role="rowgroup"><tr role="row">
          <th scope="col" role="columnheader">Time</th><th scope="col" role="columnheader">Type</th><th scope="col" role="columnheader">Status</th><th scope="col" role="columnheader">Agent</th>
          <th scope="col" role="columnheader">What</th><th scope="col" role="columnheader">Session</th><th scope="col" role="columnheader"><span class="hidden-text">Raw event</span></th>
        </tr></thead>
        <tbody role="rowgroup" ref=${body}>${events.map((event) => html`<${EventRow} key=${event.event_id} event=${event} now=${now} />`)}</tbody>
      </table>
    </div>
  `;
}

/** @param {{event: StoredEvent, now: number}} given */
function EventRow({ event, now }) {
  const [raw, show] = useState(false);
  const at = moment(event.timestamp);
  const status = oneLine(String(event.status ?? ""), 40);
  const type = oneLine(String(event.type ?? ""), 60);
  const session = oneLine(String(event.session_id ?? ""), 60);
  return html`
    <tr role="row" class=${status === "FAILED" || type === "ERROR" ? "failed" : null}>
      <td role="cell" class="time">${at === null ? "" : html`<time datetime=${event.timestamp} title=${utcTime(event.timestamp)}>${localTime(at, now, true)}</time>`}</td>
      <td role="cell" class="type">${linked(event, type)}</td>
      <td role="cell" class=${`status ${/^[A-Z_]+$/.test(status) ? status.toLowerCase() : ""}`}>${status}</td>
      <td role="cell" class="agent"><bdi title=${agentOf(event)}>${agentOf(event)}</bdi></td>
      <td role="cell" class="what"><bdi>${summaryOf(event)}</bdi></td>
      <td role="cell" class="session mono"><bdi title=${session}>${session && isId(event.session_id)
        ? html`<a href=${sessionPath(event.session_id)} tabindex="-1">${session}</a>`
        : session}</bdi></td>
      <td role="cell" class="raw"><button type="button" class="plain" aria-expanded=${raw} aria-label=${`Raw event ${oneLine(String(event.event_id), 40)}`}
        onClick=${() => show(!raw)}>{ }</button></td>
    </tr>
    ${raw && html`<tr role="row" class="opened"><td role="cell" colspan="7"><pre tabindex="0" role="group" aria-label="Raw event">${rawText(event)}</pre></td></tr>`}
  `;
}

/** The type, as the link that opens the event's span or session. @param {StoredEvent} event @param {string} type */
function linked(event, type) {
  const text = type || "no type";
  if (!isId(event.session_id)) return html`<span tabindex="0" data-row>${text}</span>`;
  const span = isId(event.span_id) ? event.span_id : undefined;
  return html`<a data-row href=${sessionPath(event.session_id, span)}>${text}</a>`;
}

/** @param {unknown} id @returns {id is string} */
export function isId(id) {
  return typeof id === "string" && id !== "" && id.length <= MAX_ID;
}

/** @param {StoredEvent} event */
function rawText(event) {
  const text = JSON.stringify(event, null, 2);
  return text.length > MAX_RAW
    ? `${lines(text.slice(0, MAX_RAW))}…\n(${count(text.length - MAX_RAW)} more characters; the session shows all)`
    : lines(text);
}
