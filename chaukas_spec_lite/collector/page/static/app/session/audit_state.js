// Whether the events of a session are sealed, and as they were. The place for it in the session's head.

/** @param {{where: import("./events.js").Place}} given */
export function AuditState(given) {
  return null;
}
