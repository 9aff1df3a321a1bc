// Events as they arrive.

import { useEffect, useLayoutEffect, useRef, useState } from "../../vendor/hooks.js";
import { useNow } from "../clock.js";
import { noteOf } from "../agents.js";
import { KEY_NEEDED } from "../api.js";
import { EventRows } from "../event_rows.js";
import { Filters } from "../filters.js";
import { follow } from "../following.js";
import { count, counted } from "../format.js";
import { html } from "../html.js";
import { Interrupted } from "../notices.js";
import { FIELDS, read } from "../query.js";
import { takesText } from "../row_keys.js";

const CONDITIONS = FIELDS.map((field) => field.name).filter((name) => name !== "start" && name !== "end");
/** How many events are kept on the page. */
const KEPT = 500;

const NOTHING = { of: "", cursor: "", events: /** @type {any[]} */ ([]), waiting: /** @type {any[]} */ ([]), missed: 0, gap: false };
/** What the view had last, and whether it was paused: whoever comes back finds it, as long as the tab shows the page. */
const left = { state: NOTHING, paused: false };
// Somebody else may log in next.
addEventListener(KEY_NEEDED, () => {
  left.state = NOTHING;
});

/** @param {import("../router.js").Route} route */
export default function Live({ query }) {
  const conditions = read(query, CONDITIONS);
  const { events, waiting, missed, gap, problem, begun, paused, pause, clear } = useLive(conditions);
  const now = useNow();
  return html`
    <h1>Live</h1>
    <${Filters} conditions=${conditions} names=${CONDITIONS} label="Filter what arrives">
      <button type="button" class="pause" aria-pressed=${paused} onClick=${() => pause(!paused)} title="Space">
        ${paused ? `Go on${waiting ? ` (${count(waiting)} new)` : ""}` : "Pause"}</button>
      <button type="button" onClick=${clear} disabled=${!events.length}>Clear</button>
    </${Filters}>
    <${Interrupted} problem=${problem} />
    <p class="foot dim" role="status">${paused
      ? "Paused. What arrives is kept until you go on."
      : problem
        ? ""
        : begun
          ? `Listening. ${events.length ? `The latest ${counted(events.length, "event")}, newest first.` : ""}`
          : "Connecting…"}
      ${missed > 0 && ` ${counted(missed, "older event")} made room.`}
      ${gap && " Too many arrived while you were elsewhere: not all of them are here."}</p>
    ${events.length
      ? html`<${EventRows} events=${events} label="Events as they arrive" now=${now} />`
      : begun && html`<div class="empty"><p>Nothing has arrived since this view was opened.
          Let an agent do something, or look at <a href="/search">what came before</a>.</p></div>`}
  `;
}

/** @param {import("../query.js").Conditions} conditions */
function useLive(conditions) {
  const of = JSON.stringify(conditions);
  const [state, set] = useState(left.state.of === of ? left.state : NOTHING);
  const [problem, tell] = useState("");
  const [begun, begin] = useState(false);
  const [paused, setPaused] = useState(left.state.of === of && left.paused);
  const pausing = useRef(paused);
  /** @param {(before: typeof NOTHING) => typeof NOTHING} change */
  const put = (change) => set((before) => (left.state = change(before)));
  useEffect(() => {
    const aborting = new AbortController();
    const found = left.state.of === of ? left.state : { ...NOTHING, of };
    put(() => found);
    begin(found.cursor !== "");
    // What came meanwhile is caught up with, unless that is more than would be kept.
    let room = found.cursor ? KEPT : Infinity;
    const told = {
      begun: (/** @type {string} */ cursor) => {
        begin(true);
        put((before) => ({ ...before, cursor, gap: before.gap || room <= 0 }));
        room = Infinity;
      },
      arrived: (/** @type {any[]} */ events, /** @type {{cursor: string, more: boolean}} */ { cursor, more }) => {
        noteOf(events);
        put((before) => ({ ...received(before, events, pausing.current), cursor }));
        room = more ? room - events.length : Infinity;
        return room <= 0;
      },
      failed: tell,
    };
    follow({ ...conditions, page_size: 200 }, told, aborting.signal, found.cursor);
    return () => aborting.abort();
  }, [of]);
  const pause = (/** @type {boolean} */ wanted) => {
    pausing.current = left.paused = wanted;
    setPaused(wanted);
    if (!wanted) put((before) => received({ ...before, waiting: [] }, before.waiting, false));
  };
  useLayoutEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      const onButton = event.target instanceof Element && event.target.closest("button, a, summary");
      if (event.key !== " " || takesText(event.target) || onButton) return;
      event.preventDefault();
      pause(!pausing.current);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
  return { ...state, waiting: state.waiting.length, problem, begun, paused, pause, clear: () => put((before) => ({ ...before, events: [], missed: 0, gap: false })) };
}

/**
 * Puts what has arrived where it belongs: the newest on top; while it is paused, aside.
 *
 * @template {{events: any[], waiting: any[], missed: number}} State
 * @param {State} before
 * @param {any[]} arrived In the order of arrival.
 * @param {boolean} paused
 * @returns {State}
 */
export function received(before, arrived, paused) {
  if (paused) {
    const waiting = [...before.waiting, ...arrived];
    const over = Math.max(0, waiting.length - KEPT);
    return { ...before, waiting: waiting.slice(over), missed: before.missed + over };
  }
  const events = [...arrived].reverse().concat(before.events);
  return { ...before, events: events.slice(0, KEPT), missed: before.missed + Math.max(0, events.length - KEPT) };
}
