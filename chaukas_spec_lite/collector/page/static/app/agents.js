// The agents that the page has come across, which filters offer: nobody knows their ids by heart.

/** How many are kept, the latest. */
const MOST = 200;

/** Names by ids. @type {Map<string, string>} */
const known = new Map();

/** Keeps agents in mind. @param {Record<string, string>} agents Names by ids. */
export function note(agents) {
  for (const [id, name] of Object.entries(agents)) {
    const named = name || known.get(id) || "";
    known.delete(id);
    known.set(id, named);
    if (known.size > MOST) known.delete(known.keys().next().value ?? "");
  }
}

/** Keeps the agents of events in mind. @param {import("./event_summary.js").StoredEvent[]} events */
export function noteOf(events) {
  for (const { agent_id: id, agent_name: name } of events) if (typeof id === "string" && id) note({ [id]: String(name ?? "") });
}

/** Ids and names, in the order of the ids. @returns {[string, string][]} */
export function agents() {
  return [...known].sort(([a], [b]) => a.localeCompare(b));
}
