// The sessions, those with the latest events first; new ones appear as they come.

import { useRef } from "../../vendor/hooks.js";
import { useNow } from "../clock.js";
import { isId } from "../event_rows.js";
import { Filters, goTo } from "../filters.js";
import { ago, between, costs, count, counted, duration, localTime, moment, utcTime } from "../format.js";
import { html } from "../html.js";
import { FirstSteps, Interrupted, NothingFound, Problem } from "../notices.js";
import { oneLine } from "../printable.js";
import { read } from "../query.js";
import { sessionPath, setQuery } from "../router.js";
import { useRowKeys } from "../row_keys.js";
import { keyOf, labelOf, sorted, useSessions } from "../session_list.js";

/** @typedef {import("../session_list.js").Session} Session */

const CONDITIONS = ["since", "errors", "agent_id", "tenant_id", "project_id", "start", "end"];
const FIRST = ["agent_id", "since", "errors"];

/** The order of the collector. */
const LATEST = "-latest";
/** Columns: what they are sorted by, their heads, whether they are numbers, and the order of the first click. */
const COLUMNS = /** @type {const} */ ([
  ["session", "Session", false, ""],
  ["start", "Start", false, "-"],
  ["duration", "Duration", true, "-"],
  ["agents", "Agents", false, ""],
  ["events", "Events", true, "-"],
  ["errors", "Errors", true, "-"],
  ["tokens", "Tokens", true, "-"],
  ["cost", "Cost", true, "-"],
  ["latest", "Last event", false, "-"],
]);

/** @param {import("../router.js").Route} route */
export default function Sessions({ query }) {
  const conditions = read(query, CONDITIONS);
  const order = query.get("sort") || LATEST;
  const { sessions, more, older, error, problem, again } = useSessions(conditions);
  const filtered = Object.keys(conditions).length > 0;
  return html`
    <h1>Sessions</h1>
    <${Filters} conditions=${conditions} names=${CONDITIONS} first=${FIRST} label="Filter sessions" />
    <${Problem} error=${error} again=${again} />
    <${Interrupted} problem=${problem} />
    ${sessions === null
      ? !error && html`<p class="dim" role="status">Reading sessions…</p>`
      : sessions.length
        ? html`<${Table} sessions=${sorted(sessions, order)} order=${order} />
            <${Footer} sessions=${sessions} more=${more} older=${older} order=${order} />`
        : filtered
          ? html`<${NothingFound} what="No session meets these conditions." clear=${() => goTo({}, CONDITIONS)} />`
          : html`<${FirstSteps} />`}
  `;
}

/** @param {{sessions: Session[], more: boolean, older: () => void, order: string}} given */
function Footer({ sessions, more, older, order }) {
  return html`<p class="foot dim"><span role="status">${counted(sessions.length, "session")}${more ? " are listed" : ""}.</span>
    ${more && order !== LATEST && html` They are sorted among themselves; there are older ones. `}
    ${more && html` <button type="button" onClick=${older}>List older ones</button>`}</p>`;
}

/**
 * The roles are named, because browsers take them from rows that are laid out as cards, as on narrow screens.
 *
 * @param {{sessions: Session[], order: string}} given
 */
function Table({ sessions, order }) {
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  const now = useNow();
  useRowKeys(body);
  return html`<div class="scrolled"><table class="rows sessions" role="table" aria-label="Sessions">
    <thead role="rowgroup"><tr role="row">${COLUMNS.map((column) => html`<${Head} key=${column[0]} column=${column} order=${order} />`)}</tr></thead>
    <tbody role="rowgroup" ref=${body}>${sessions.map((each) => html`<${Row} key=${keyOf(each)} session=${each} now=${now} />`)}</tbody>
  </table></div>`;
}

/** @param {{column: typeof COLUMNS[number], order: string}} given */
function Head({ column: [name, text, isNumber, first], order }) {
  const [up, down] = [order === name, order === `-${name}`];
  const next = up ? `-${name}` : down ? name : first + name;
  return html`<th scope="col" role="columnheader" class=${`${name}${isNumber ? " number" : ""}`}
    aria-sort=${up ? "ascending" : down ? "descending" : null}>
    <button type="button" class="sort" onClick=${() => setQuery({ sort: next === LATEST ? null : next }, { replace: true })}>
      ${text}<span aria-hidden="true">${up ? " ▲" : down ? " ▼" : ""}</span></button></th>`;
}

/** @param {{session: Session, now: number}} given */
function Row({ session, now }) {
  const took = between(session.first, session.last);
  const figures = session.figures;
  const [agents, cost] = [oneLine(figures?.agents.join(", ") ?? "", 200), figures ? costs(figures.cost) : ""];
  const least = figures && !figures.whole ? "≥ " : "";
  const title = least ? "At least: the session has more events than are added up here" : null;
  return html`<tr role="row" class=${session.errors ? "failed" : null}>
    <th scope="row" role="rowheader" class="session"><${Name} session=${session} /></th>
    <td role="cell" class="start"><${Time} text=${session.first} now=${now} /></td>
    <td role="cell" class="duration number">${took === null || session.events < 2 ? "" : duration(took)}</td>
    <td role="cell" class="agents"><bdi title=${agents}>${agents}</bdi></td>
    <td role="cell" class="events number" data-unit=${unit(session.events, "event")}>${count(session.events)}</td>
    <td role="cell" class="errors number" data-unit=${unit(session.errors, "error")}>${session.errors ? count(session.errors) : ""}</td>
    <td role="cell" class="tokens number" data-unit=${unit(figures?.tokens, "token")} title=${title}>${figures?.tokens ? least + count(figures.tokens) : ""}</td>
    <td role="cell" class="cost number" title=${title}>${cost && least + cost}</td>
    <td role="cell" class="latest"><${Since} text=${session.last} now=${now} /></td>
  </tr>`;
}

/** The noun behind a number, where no head of a column says it. @param {number | undefined} number @param {string} noun */
function unit(number, noun) {
  return number ? noun + (number === 1 ? "" : "s") : null;
}

/** @param {{session: Session}} given */
function Name({ session }) {
  const [id, name] = [oneLine(session.session_id, 60), oneLine(labelOf(session), 120)];
  const whose = oneLine([session.tenant_id, session.project_id].filter(Boolean).join(" / "), 120);
  // Sessions of one program often have one name.
  const said = session.figures?.name ? oneLine(session.figures.input, 120) : "";
  const text = html`<bdi class=${name ? "name" : "mono"}>${name || id}</bdi>${said && html` <bdi class="first-input">${said}</bdi>`}${
    name && html` <bdi class="mono dim">${id}</bdi>`}`;
  const title = [name, said, whose ? `${id} of ${whose}` : id].filter(Boolean).join("\n");
  return isId(session.session_id)
    ? html`<a data-row href=${sessionPath(session.session_id)} title=${title}>${text}</a>`
    : html`<span data-row tabindex="0" title=${title}>${text}</span>`;
}

/** @param {{text: string | null, now: number}} given */
function Time({ text, now }) {
  const at = moment(text);
  return at !== null && text && html`<time datetime=${text} title=${utcTime(text)}>${localTime(at, now)}</time>`;
}

/** @param {{text: string | null, now: number}} given */
function Since({ text, now }) {
  const at = moment(text);
  return at !== null && text && html`<time datetime=${text} title=${utcTime(text)}>${ago(at, now)}</time>`;
}
