// A call of a model as the chat that it was: who said what, and tools where they were called, with what came out.

import { useState } from "../../vendor/hooks.js";
import { count } from "../format.js";
import { html } from "../html.js";
import { oneLine } from "../printable.js";
import { isBranch, preview } from "./json.js";
import { JsonTree, LongText } from "./json_tree.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./chat.js").Message} Message */
/** @typedef {import("./chat.js").Part} Part */

/** Messages of a long chat that are shown to begin with, from its end. */
const LATEST = 30;

/**
 * @param {object} given
 * @param {Chat} given.chat
 * @param {(part: Part) => any} given.ran  Says where a call was carried out, if that is known.
 */
export function ChatView({ chat, ran }) {
  const [shown, setShown] = useState(LATEST);
  const left = Math.max(chat.messages.length - shown, 0);
  // Instructions stand at the beginning, and are what the rest is read by.
  const first = left && chat.messages[0].role !== "user" ? 1 : 0;
  const between = left - first;
  return html`<div class="chat">
    <${Offered} chat=${chat} />
    ${first ? html`<${Said} message=${chat.messages[0]} ran=${ran} />` : null}
    ${between > 0 &&
    html`<button type="button" class="more" onClick=${() => setShown(shown * 2)}>
      ${count(Math.min(between, shown))} earlier of ${count(chat.messages.length)} messages
    </button>`}
    ${chat.messages.slice(left).map((message, nth) => html`<${Said} key=${left + nth} message=${message} ran=${ran} />`)}
    ${!chat.messages.length && html`<p class="dim">Neither the request nor the response was recorded.</p>`}
    ${chat.finish && html`<p class="dim">The model stopped: ${oneLine(chat.finish, 80)}</p>`}
  </div>`;
}

/** What the request says beside the messages. @param {{chat: Chat}} given */
function Offered({ chat }) {
  if (!chat.tools.length && !chat.settings.length) return null;
  const words = chat.settings.filter(([, value]) => !isBranch(value)).slice(0, 4);
  return html`<details class="offered">
    <summary>
      ${chat.tools.length ? `${count(chat.tools.length)} ${chat.tools.length === 1 ? "tool" : "tools"} offered` : "Settings"}
      ${words.map(([name, value]) => html`<span class="dim"> · ${oneLine(name, 40)} ${oneLine(String(value), 40)}</span>`)}
    </summary>
    ${chat.tools.length > 0 && html`<${JsonTree} name="tools" value=${toolsOf(chat)} />`}
    ${chat.settings.length > 0 && html`<${JsonTree} name="settings" value=${Object.fromEntries(chat.settings)} />`}
  </details>`;
}

/** The tools by their names, unless two have the same. @param {Chat} chat */
function toolsOf({ tools }) {
  const byName = new Map(tools.map((each) => [each.name, each.value]));
  return byName.size === tools.length ? Object.fromEntries(byName) : tools.map((each) => each.value);
}

const SPEAKERS = new Set(["system", "developer", "user", "assistant", "tool", "function"]);

/** @param {{message: Message, ran: (part: Part) => any}} given */
function Said({ message, ran }) {
  const style = SPEAKERS.has(message.role) ? message.role : "other";
  return html`<section class=${`said by-${style}${message.answer ? " answer" : ""}`}>
    <h3>
      ${oneLine(message.role, 60)}
      ${message.name && html` <span class="dim">${oneLine(message.name, 60)}</span>`}
      ${message.answer && html` <span class="mark">answer</span>`}
    </h3>
    ${message.parts.map((part, nth) => html`<${Spoken} key=${nth} part=${part} ran=${ran} answer=${message.answer} />`)}
    ${!message.parts.length && html`<p class="dim">nothing</p>`}
  </section>`;
}

/** @param {{part: Part, ran: (part: Part) => any, answer: boolean}} given */
function Spoken({ part, ran, answer }) {
  if (part.kind === "text") return html`<div class="text"><${LongText} text=${part.text ?? ""} /></div>`;
  if (part.kind === "thinking") {
    return html`<details class="thinking"><summary>thought</summary><div class="text"><${LongText} text=${part.text ?? ""} /></div></details>`;
  }
  if (part.kind === "call") {
    const outcome = part.result ?? null;
    return html`<div class="call">
      <div class="call-head"><span class="kind">calls</span> <b>${oneLine(part.name ?? "", 120)}</b>${answer && ran(part)}</div>
      <${Value} name="arguments" value=${part.value} />
      ${outcome && html`<${Outcome} part=${outcome} />`}
    </div>`;
  }
  if (part.kind === "result") return html`<${Outcome} part=${part} />`;
  return html`<${Value} name=${"what was sent"} value=${part.value} />`;
}

/** What came out of a call. @param {{part: Part}} given */
export function Outcome({ part }) {
  return html`<div class=${part.failed ? "outcome failed" : "outcome"}>
    <span class="kind">${part.failed ? "failed" : "result"}</span>
    <${Value} name="result" value=${part.value} />
  </div>`;
}

/** @param {{name: string, value: unknown}} given */
function Value({ name, value }) {
  if (typeof value === "string") return html`<div class="text"><${LongText} text=${value} /></div>`;
  if (!isBranch(value)) return html`<div class="text">${preview(value)}</div>`;
  return html`<${JsonTree} name=${name} value=${value} />`;
}
