// What a line about an event says. Pure.

import { oneLine } from "./printable.js";

/** @typedef {Record<string, any>} StoredEvent An event as `/api` has it. */

/**
 * The one text that tells most of an event: what was said, called, or went wrong.
 *
 * @param {StoredEvent} event
 * @returns {string}
 */
export function summaryOf(event) {
  const content = object(event.content);
  const metadata = object(event.metadata);
  const found = [
    object(event.error).error_message,
    content.error_message,
    content.text,
    content.name,
    content.function_name,
    content.model !== "unknown" ? content.model : "",
    joined(content.server_name, content.method || content.operation),
    content.to_agent_name && `to ${content.to_agent_name}`,
    joined(content.policy_id, content.outcome),
    content.datasource,
    content.state && Object.keys(object(content.state)).slice(0, 20).join(", "),
    object(event.retry).attempt && `attempt ${object(event.retry).attempt}`,
    metadata.message,
    metadata.name,
    content.model,
  ].find((each) => typeof each === "string" && each.trim());
  return oneLine(typeof found === "string" ? found : "");
}

/**
 * The agent of an event, by its name if it has one.
 *
 * @param {StoredEvent} event
 * @returns {string}
 */
export function agentOf(event) {
  return oneLine(String(event.agent_name || event.agent_id || ""), 80);
}

/** @param {unknown} value @returns {Record<string, any>} */
function object(value) {
  return value && typeof value === "object" ? /** @type {Record<string, any>} */ (value) : {};
}

/** @param {unknown[]} parts */
function joined(...parts) {
  return parts.filter((part) => typeof part === "string" && part).join(" ");
}
