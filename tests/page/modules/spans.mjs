/**
 * A span, of which only what matters to a test is said.
 * @param {object} given
 * @returns {import("../../../chaukas_spec_lite/collector/page/static/app/session/rows.js").Span}
 */
export function span(given) {
  return {
    id: "",
    span_id: "",
    parent: "",
    depth: 0,
    kind: "agent",
    name: "",
    agent: "",
    start: null,
    duration_ms: null,
    status: "ok",
    error: null,
    tokens: null,
    cost: null,
    model: "",
    events: [],
    marks: [],
    ...given,
  };
}
