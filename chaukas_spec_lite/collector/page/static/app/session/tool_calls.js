// Which spans carried out the tools that a model called in its answer. Pure.

/** @typedef {import("./rows.js").Tree} Tree */
/** @typedef {import("./chat.js").Part} Part */
/** @typedef {{id: string, events: Record<string, any>[]}} Ran */

/** Spans that are looked at, of those that follow a call. */
const MOST = 12;

/**
 * The places of the spans that may have carried them out: tools beside the model's span or below it, up to the next
 * call of a model beside it.
 * @param {Tree} tree
 * @param {number} place
 */
export function toolsAfter(tree, place) {
  /** @type {number[]} */
  const found = [];
  const parent = tree.parents[place];
  const end = parent < 0 ? tree.spans.length : tree.ends[parent];
  for (let each = place + 1; each < end && found.length < MOST; each += 1) {
    const { kind } = tree.spans[each];
    if (kind === "model" && each >= tree.ends[place]) break;
    if (kind === "tool" || kind === "mcp") found.push(each);
  }
  return found;
}

/**
 * Which span carried out which call: by the id of the call, else by the name of the tool, in order.
 * @param {Part[]} calls
 * @param {Ran[]} spans
 * @returns {Map<Part, Ran>}
 */
export function matched(calls, spans) {
  /** @type {Map<Part, Ran>} */
  const found = new Map();
  const left = new Set(spans);
  /** @param {(call: Part, span: Ran) => boolean} fits */
  const match = (fits) => {
    for (const call of calls) {
      const span = found.has(call) ? undefined : [...left].find((each) => fits(call, each));
      if (span === undefined) continue;
      found.set(call, span);
      left.delete(span);
    }
  };
  match((call, span) => Boolean(call.id) && idsOf(span).includes(call.id));
  match((call, span) => Boolean(call.name) && namesOf(span).includes(call.name));
  return found;
}

/** @param {Ran} span */
function idsOf({ events }) {
  return events.flatMap(({ content }) => [content?.kind === "tool_call" ? content.id : content?.tool_call_id]).filter(Boolean);
}

/** @param {Ran} span */
function namesOf({ events }) {
  const names = events.flatMap(({ content }) => [content?.name, content?.function_name, content?.operation, content?.request?.name, content?.request?.tool_name]);
  return names.filter((name) => typeof name === "string" && name);
}

/**
 * What came out of a tool; null where no event of it says so.
 * @param {Record<string, any>[]} events
 * @returns {Part | null}
 */
export function outcomeOf(events) {
  for (const { content } of [...events].reverse()) {
    if (content?.kind === "error_info") return { kind: "result", value: content.error_message, failed: true };
    if (content?.kind === "tool_response") {
      if (content.error_message) return { kind: "result", value: content.error_message, failed: true };
      const names = Object.keys(content.output ?? {});
      // By convention what a tool returns is wrapped.
      const value = names.length === 1 && names[0] === "output" ? content.output.output : (content.output ?? null);
      return { kind: "result", value, failed: false };
    }
    if (content?.kind === "mcp_call" && content.response) return { kind: "result", value: content.response, failed: false };
  }
  return null;
}
