// The conditions of a query, as they stand in the address of the page and as the server is asked. Pure.

/**
 * Conditions by the names that `/api` has for them. Lists are of those that may be given several times.
 * `since` is the page's own: a length of time such as `2h` before now, from which `start` is made when the server is asked.
 * @typedef {Record<string, string | string[]>} Conditions
 */

/**
 * @typedef {object} Field
 * @property {string} name As `/api` has it.
 * @property {string} label
 * @property {"text" | "choice" | "words" | "time" | "flag"} kind
 * @property {string[]} [choices]
 * @property {string} [hint]
 */

export const TYPES = [
  "SESSION_START",
  "SESSION_END",
  "AGENT_START",
  "AGENT_END",
  "AGENT_HANDOFF",
  "MODEL_INVOCATION_START",
  "MODEL_INVOCATION_END",
  "TOOL_CALL_START",
  "TOOL_CALL_END",
  "MCP_CALL_START",
  "MCP_CALL_END",
  "INPUT_RECEIVED",
  "OUTPUT_EMITTED",
  "ERROR",
  "RETRY",
  "POLICY_DECISION",
  "DATA_ACCESS",
  "STATE_UPDATE",
  "SYSTEM",
];
export const STATUSES = ["STARTED", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED"];
export const SEVERITIES = ["DEBUG", "INFO", "WARN", "ERROR"];

/** @type {Field[]} Every condition of a query, in the order in which forms show them. */
export const FIELDS = [
  { name: "text_query", label: "Text", kind: "text", hint: "in any text of an event" },
  { name: "types", label: "Types", kind: "choice", choices: TYPES },
  { name: "statuses", label: "Statuses", kind: "choice", choices: STATUSES },
  { name: "severities", label: "Severities", kind: "choice", choices: SEVERITIES },
  { name: "agent_id", label: "Agent", kind: "text", hint: "the agent's id" },
  { name: "session_id", label: "Session", kind: "text" },
  { name: "span_id", label: "Span", kind: "text" },
  { name: "trace_id", label: "Trace", kind: "text" },
  { name: "tags", label: "Tags", kind: "words", hint: "all of these, one a line" },
  { name: "tenant_id", label: "Tenant", kind: "text" },
  { name: "project_id", label: "Project", kind: "text" },
  { name: "start", label: "From", kind: "time" },
  { name: "end", label: "To", kind: "time" },
];

/** The lengths of time that forms offer, and their names. */
export const SINCE = /** @type {const} */ ([
  ["", "any time"],
  ["15m", "last 15 minutes"],
  ["1h", "last hour"],
  ["6h", "last 6 hours"],
  ["1d", "last day"],
  ["7d", "last 7 days"],
  ["30d", "last 30 days"],
]);

const LISTS = new Set(["types", "statuses", "severities", "tags"]);
/** @type {Record<string, number>} */
const UNITS = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 };

/**
 * Reads the conditions that stand in an address; what is no condition of the view is left out.
 * @param {URLSearchParams} search What stands behind the `?`.
 * @param {string[]} names The conditions of the view.
 * @returns {Conditions}
 */
export function read(search, names) {
  /** @type {Conditions} */
  const found = {};
  for (const [name, value] of search) {
    if (!value || !names.includes(name)) continue;
    if (LISTS.has(name)) {
      const values = /** @type {string[]} */ (found[name] ??= []);
      if (!values.includes(value)) values.push(value);
    } else found[name] = value;
  }
  return found;
}

/**
 * Writes conditions as they stand in an address, always in the same order; empty without any, else with a `?`.
 * @param {Conditions} conditions
 * @returns {string}
 */
export function write(conditions) {
  const params = new URLSearchParams();
  for (const name of Object.keys(conditions).sort()) {
    for (const value of [conditions[name]].flat()) if (value) params.append(name, value);
  }
  const text = params.toString();
  return text && `?${text}`;
}

/**
 * Changes a condition; an empty one is taken out.
 * @param {Conditions} conditions
 * @param {string} name
 * @param {string | string[]} value
 * @returns {Conditions}
 */
export function changed(conditions, name, value) {
  const rest = { ...conditions };
  delete rest[name];
  // The two say the same in different ways, so the one that is given last counts.
  if (name === "since" && value.length) delete rest.start;
  if (name === "start" && value.length) delete rest.since;
  return value.length ? { ...rest, [name]: value } : rest;
}

/**
 * Makes what the server is asked of conditions: `since` becomes `start`.
 * @param {Conditions} conditions
 * @param {number} now
 * @returns {Conditions}
 */
export function asked(conditions, now) {
  const { since, ...others } = conditions;
  const length = typeof since === "string" ? milliseconds(since) : null;
  // Whole seconds do, and the same question is the same address for a second.
  return length === null ? others : { ...others, start: new Date(Math.floor((now - length) / 1e3) * 1e3).toISOString() };
}

/**
 * Reads a length of time such as `90s`, `15m`, `2h`, `7d`; null if it is none.
 * @param {string} text
 * @returns {number | null}
 */
export function milliseconds(text) {
  const found = /^(\d{1,6})([smhdw])$/.exec(text);
  return found && Number(found[1]) * UNITS[found[2]];
}

/**
 * Writes a time as a field of a form has it, in the viewer's zone; empty if it is none.
 * @param {string} text RFC 3339.
 * @returns {string}
 */
export function toField(text) {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return "";
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60e3).toISOString().slice(0, 19);
}

/**
 * Reads a time from a field of a form, in the viewer's zone, as RFC 3339 in UTC; empty if it is none.
 * @param {string} text
 * @returns {string}
 */
export function fromField(text) {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? "" : new Date(ms).toISOString();
}
