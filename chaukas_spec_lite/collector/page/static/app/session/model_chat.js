// The chat of a model's call, with what became of the tools that the model called in it.

import { useEffect, useMemo, useState } from "../../vendor/hooks.js";
import { html } from "../html.js";
import { chatOf } from "./chat.js";
import { ChatView, Outcome } from "./chat_view.js";
import { eventsOf } from "./events.js";
import { placeOf } from "./rows.js";
import { matched, outcomeOf, toolsAfter } from "./tool_calls.js";

/** @typedef {import("./rows.js").Tree} Tree */
/** @typedef {import("./events.js").StoredEvent} StoredEvent */

/**
 * @param {object} given
 * @param {Tree} given.tree
 * @param {number} given.place
 * @param {StoredEvent[]} given.events
 * @param {import("./events.js").Place} given.where
 * @param {(place: number) => void} given.open
 */
export function ModelChat({ tree, place, events, where, open }) {
  // The call may still be going on: its answer comes with another event.
  const chat = useMemo(() => {
    const calls = events.map((each) => each.content).filter((each) => each?.kind === "llm_invocation");
    // An END may repeat the request; a START has no response.
    const request = calls.find((each) => each.request)?.request;
    const chat = chatOf(request, calls.findLast((each) => each.response)?.response);
    return { ...chat, finish: chat.finish || calls.findLast((each) => each.finish_reason)?.finish_reason || "" };
  }, [events]);
  const calls = chat.messages.filter((each) => each.answer).flatMap((each) => each.parts.filter((part) => part.kind === "call"));
  const [ran, setRan] = useState(/** @type {Map<object, {id: string, events: StoredEvent[]}>} */ (new Map()));
  useEffect(() => {
    if (!calls.length) return;
    const aborting = new AbortController();
    const places = toolsAfter(tree, place);
    const reading = places.map(async (each) => ({
      // Not its place: rows may be added before it.
      id: tree.spans[each].id,
      events: await eventsOf(tree.spans[each], where, aborting.signal),
    }));
    // Without them the chat is as it was: what failed here is told where the span itself is opened.
    Promise.all(reading).then(
      (spans) => setRan(matched(calls, spans)),
      () => {},
    );
    return () => aborting.abort();
  }, [chat, tree]);
  /** @param {import("./chat.js").Part} part */
  const whereItRan = (part) => {
    const found = ran.get(part);
    const outcome = found && outcomeOf(found.events);
    return (
      found &&
      html`<button type="button" class="jump" onClick=${() => open(placeOf(tree, found.id))}>to its span</button>${outcome && html`<${Outcome} part=${outcome} />`}`
    );
  };
  return html`<${ChatView} chat=${chat} ran=${whereItRan} />`;
}
