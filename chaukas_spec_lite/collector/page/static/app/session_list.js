// The sessions that are listed: pages of them, what they came to, and those that arrive. Pure, but for `useSessions`.

import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { note } from "./agents.js";
import { get } from "./api.js";
import { whenArrived } from "./following.js";
import { between, moment } from "./format.js";
import { asked } from "./query.js";

/** @typedef {import("./query.js").Conditions} Conditions */
/**
 * @typedef {object} Figures
 * @property {string} name
 * @property {string} input What was said to it first.
 * @property {string[]} agents
 * @property {Record<string, string>} agents_by_id Their names, of those that have an id.
 * @property {number} tokens
 * @property {Record<string, number>} cost
 * @property {boolean} whole
 */
/**
 * @typedef {object} Session
 * @property {string} tenant_id
 * @property {string} project_id
 * @property {string} session_id
 * @property {number} events
 * @property {number} errors
 * @property {string | null} first
 * @property {string | null} last
 * @property {Figures} [figures]
 */

export const PAGE_SIZE = 100;
/** Milliseconds between two looks, however much arrives. */
const REST = 500;
/** How many sessions the collector sums up in one request. */
const SUMMED = 50;

/** Tells a session from all others. @param {Session} session */
export function keyOf(session) {
  return JSON.stringify([session.tenant_id, session.project_id, session.session_id]);
}

/**
 * What a session is called by, beside its id: its name, or what else tells a person most of it.
 *
 * @param {Session} session
 */
export function labelOf({ figures, project_id }) {
  return figures ? figures.name || figures.input || figures.agents[0] || project_id : "";
}

/** What columns are sorted by. @type {Record<string, (session: Session) => number | string | null>} */
export const COLUMNS = {
  session: (each) => labelOf(each) || each.session_id,
  start: (each) => moment(each.first),
  latest: (each) => moment(each.last),
  duration: (each) => between(each.first, each.last),
  agents: (each) => each.figures?.agents.join(", ") || null,
  events: (each) => each.events,
  errors: (each) => each.errors,
  tokens: (each) => each.figures?.tokens ?? null,
  cost: (each) => (each.figures ? Object.values(each.figures.cost).reduce((sum, amount) => sum + amount, 0) : null),
};

/**
 * Sorts sessions by a column, backwards with `-` in front; what is not known comes last either way.
 *
 * @param {Session[]} sessions In the order of the collector, which is kept among equals.
 * @param {string} order
 * @returns {Session[]}
 */
export function sorted(sessions, order) {
  const name = order.replace(/^-/, "");
  if (!Object.hasOwn(COLUMNS, name)) return sessions;
  const value = COLUMNS[name];
  const sign = order.startsWith("-") ? -1 : 1;
  return [...sessions].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    if (typeof x === "string" || typeof y === "string") return sign * String(x).localeCompare(String(y));
    return sign * (x - y);
  });
}

/**
 * Puts a page that was read anew in front of what is there. What is in both is as in the page.
 *
 * @param {Session[]} page
 * @param {Session[]} before
 * @returns {Session[]}
 */
export function merged(page, before) {
  const known = new Map(before.map((each) => [keyOf(each), each]));
  const fresh = new Set(page.map(keyOf));
  // The figures of a session that has grown since stay until they are read anew.
  const first = page.map((each) => ({ ...each, figures: known.get(keyOf(each))?.figures }));
  return [...first, ...before.filter((each) => !fresh.has(keyOf(each)))];
}

/**
 * Which sessions have to be summed up, as they are new or have grown: groups of one tenant and project.
 *
 * @param {Session[]} sessions
 * @param {Map<string, string>} summed What each was when it was summed up last.
 * @returns {Session[][]}
 */
export function unsummed(sessions, summed) {
  /** @type {Map<string, Session[]>} */
  const groups = new Map();
  for (const each of sessions) {
    if (each.session_id.length > 1000 || summed.get(keyOf(each)) === stateOf(each)) continue;
    const whose = JSON.stringify([each.tenant_id, each.project_id]);
    const group = groups.get(whose) ?? [];
    if (group.length < SUMMED) groups.set(whose, [...group, each]);
  }
  return [...groups.values()];
}

/** Tells whether a session has grown. @param {Session} session */
function stateOf(session) {
  return `${session.events} ${session.last}`;
}

/**
 * Lists the sessions that meet conditions, and keeps the list up to date.
 *
 * @param {Conditions} conditions
 */
export function useSessions(conditions) {
  const asking = JSON.stringify(conditions);
  const [listed, setSessions] = useState(/** @type {Session[] | null} */ (null));
  const [of, setOf] = useState(asking);
  // Right after a change, what is listed is still that of the question before.
  const sessions = of === asking ? listed : null;
  const [token, setToken] = useState("");
  const [error, setError] = useState(/** @type {import("./api.js").ApiError | null} */ (null));
  const [problem, setProblem] = useState("");
  const [turn, setTurn] = useState(0);
  const summed = useRef(/** @type {Map<string, string>} */ (new Map()));
  const summing = useRef(false);
  const query = () => ({ ...asked(conditions, Date.now()), page_size: PAGE_SIZE });

  useEffect(() => {
    const aborting = new AbortController();
    const { signal } = aborting;
    setSessions(null);
    setOf(asking);
    summed.current = new Map();
    const { tenant_id, project_id, agent_id } = conditions;
    let read = false;
    const refresh = async () => {
      const page = await get("/api/sessions", query(), { signal });
      if (signal.aborted) return;
      setSessions((before) => merged(page.sessions, before ?? []));
      if (!read) setToken(page.next_page_token);
      read = true;
      setError(null);
    };
    refresh().then(
      () => whenArrived({ tenant_id, project_id, agent_id }, refresh, setProblem, signal, REST),
      (failed) => signal.aborted || setError(failed),
    );
    return () => aborting.abort();
  }, [asking, turn]);

  useEffect(() => {
    const [group] = unsummed(listed ?? [], summed.current);
    // One request at a time. It is not given up when the list changes, or there would be no end to it where events come
    // all the time.
    if (!group || summing.current) return;
    summing.current = true;
    const list = summed.current;
    sumUp(group, list).then((put) => {
      summing.current = false;
      if (put && list === summed.current) setSessions(put);
    });
  }, [listed]);

  const latest = useRef(asking);
  latest.current = asking;
  const older = async () => {
    try {
      const page = await get("/api/sessions", { ...query(), page_token: token });
      if (latest.current !== asking) return; // Something else is listed by now.
      setSessions((before) => [...(before ?? []), ...merged([], page.sessions.filter(isNew(before ?? [])))]);
      setToken(page.next_page_token);
    } catch (failed) {
      setError(/** @type {any} */ (failed));
    }
  };
  return { sessions, more: token !== "", older, error, problem, again: () => setTurn(turn + 1) };
}

/** @param {Session[]} before */
function isNew(before) {
  const known = new Set(before.map(keyOf));
  return (/** @type {Session} */ each) => !known.has(keyOf(each));
}

/**
 * Has sessions summed up.
 *
 * @param {Session[]} group Of one tenant and project.
 * @param {Map<string, string>} summed
 * @returns {Promise<((before: Session[] | null) => Session[] | null) | null>} what puts it into the list
 */
async function sumUp(group, summed) {
  const { tenant_id, project_id } = group[0];
  try {
    const answer = await get("/api/figures", { tenant_id, project_id, session_id: group.map((each) => each.session_id) });
    const left = new Set(answer.left);
    for (const each of group) if (!left.has(each.session_id)) summed.set(keyOf(each), stateOf(each));
    for (const each of answer.figures) note(each.agents_by_id);
    const found = new Map(answer.figures.map((/** @type {any} */ each) => [each.session_id, each]));
    return (before) =>
      (before ?? []).map((each) =>
        each.tenant_id === tenant_id && each.project_id === project_id && found.has(each.session_id)
          ? { ...each, figures: found.get(each.session_id) }
          : each,
      );
  } catch {
    return null; // The list stands without them; they are asked for again with the next change of it.
  }
}
