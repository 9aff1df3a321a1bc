// Finds events by all conditions of a query.

import { useEffect, useState } from "../../vendor/hooks.js";
import { noteOf } from "../agents.js";
import { get, useApi } from "../api.js";
import { useNow } from "../clock.js";
import { EventRows } from "../event_rows.js";
import { Filters, goTo } from "../filters.js";
import { count, counted } from "../format.js";
import { html } from "../html.js";
import { FirstSteps, NothingFound, Problem } from "../notices.js";
import { FIELDS, asked, read } from "../query.js";
import { setQuery } from "../router.js";

/** @typedef {import("../query.js").Conditions} Conditions */

const CONDITIONS = [...FIELDS.map((field) => field.name), "since"];
const PAGE_SIZE = 100;

/** @param {import("../router.js").Route} route */
export default function Search({ query }) {
  const conditions = read(query, CONDITIONS);
  const order = query.get("order_by_time") === "ASC" ? "ASC" : "DESC";
  const { events, token, scanned, error, loading, older, again } = useFound(conditions, order);
  const now = useNow();
  const filtered = Object.keys(conditions).length > 0;
  const turn = () => setQuery({ order_by_time: order === "ASC" ? null : "ASC" }, { replace: true });
  return html`
    <h1>Search</h1>
    <${Filters} conditions=${conditions} names=${CONDITIONS} label="Search events">
      <button type="button" onClick=${turn} title="Changes the order">${order === "ASC" ? "Oldest first ▲" : "Newest first ▼"}</button>
    </${Filters}>
    <${Problem} error=${error} again=${again} />
    <p class="foot dim" role="status">
      ${loading && !events.length ? "Searching…" : html`<${Total} conditions=${conditions} shown=${events.length} more=${token !== ""} />`}
      ${scanned > 0 && ` ${counted(scanned, "event")} looked into, as no index answers a search for text; chaukas-lite serve --index-text makes one.`}
    </p>
    ${events.length > 0 && html`<${EventRows} events=${events} label="Events found" now=${now} />`}
    ${!loading && !error && !events.length && !token &&
    (filtered
      ? html`<${NothingFound} what="No event meets these conditions." clear=${() => goTo({}, CONDITIONS)} />`
      : html`<${FirstSteps} />`)}
    ${token && html`<p class="foot"><button type="button" disabled=${loading} onClick=${older}>
      ${loading ? "Searching…" : events.length ? "Show more" : "Search on"}</button></p>`}
  `;
}

/** Says how many there are. Of a search for text only what was found is known. @param {{conditions: Conditions, shown: number, more: boolean}} given */
function Total({ conditions, shown, more }) {
  const { text_query: text, ...others } = conditions;
  const [asking] = [asked(others, Date.now())];
  const { data } = useApi(text ? null : "/api/stats", asking);
  if (text || !data) return html`${counted(shown, "event")}${more ? ", and more" : ""}.`;
  return html`${counted(data.events, "event")} in ${counted(data.sessions, "session")}${data.events > shown ? `; ${count(shown)} are shown` : ""}.`;
}

/**
 * @param {Conditions} conditions
 * @param {string} order
 */
function useFound(conditions, order) {
  const [turn, setTurn] = useState(0);
  const key = JSON.stringify([conditions, order, turn]);
  const nothing = { key, events: /** @type {any[]} */ ([]), token: "", scanned: 0, error: /** @type {any} */ (null), loading: true };
  const [found, set] = useState(nothing);
  const [query, setAsked] = useState(/** @type {Conditions} */ ({}));
  /** Adds what came; what was asked before is another question's. @param {Partial<typeof nothing>} came */
  const put = ({ events = [], scanned = 0, ...came }) =>
    set((before) =>
      before.key === key
        ? { ...before, ...came, events: [...before.events, ...events], scanned: before.scanned + scanned, loading: false }
        : before,
    );
  const more = async (/** @type {Conditions} */ asking, /** @type {string} */ token, /** @type {AbortSignal | undefined} */ signal) => {
    try {
      const page = await get("/api/events", { ...asking, page_token: token }, { signal });
      if (signal?.aborted) return;
      noteOf(page.events);
      put({ events: page.events, token: page.next_page_token, scanned: page.scanned, error: null });
    } catch (error) {
      if (!signal?.aborted) put({ error });
    }
  };
  useEffect(() => {
    const aborting = new AbortController();
    set((before) => ({ ...nothing, error: before.error }));
    // All pages ask the same, so what is relative to now stays as it was for the first one.
    const asking = { ...asked(conditions, Date.now()), order_by_time: order, page_size: String(PAGE_SIZE) };
    setAsked(asking);
    more(asking, "", aborting.signal);
    return () => aborting.abort();
  }, [key]);
  const older = () => {
    set((before) => ({ ...before, loading: true }));
    more(query, found.token, undefined);
  };
  // Right after a change, what was found is still that of the question before.
  return { ...(found.key === key ? found : { ...nothing, error: found.error }), older, again: () => setTurn(turn + 1) };
}
