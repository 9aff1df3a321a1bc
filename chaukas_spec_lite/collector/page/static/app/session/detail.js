// The span beside the list: what is known of it, where it stands, and what its events say.

import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { costs, count, counted, duration, localTime, utcTime } from "../format.js";
import { html } from "../html.js";
import { oneLine } from "../printable.js";
import { sessionPath } from "../router.js";
import { proofOf } from "./audit_state.js";
import { Copy } from "./copying.js";
import { useEvents } from "./events.js";
import { isBranch } from "./json.js";
import { JsonTree, LongText } from "./json_tree.js";
import { ModelChat } from "./model_chat.js";
import { groupOf, marksOf, nameOf } from "./row.js";
import { childrenOf, hasFailed } from "./rows.js";
import { ownTime } from "./sums.js";

/** @typedef {import("./rows.js").Tree} Tree */
/** @typedef {import("./rows.js").Span} Span */
/** @typedef {import("./events.js").StoredEvent} StoredEvent */

/** Links to children that are shown. */
const CHILDREN = 20;

/**
 * @param {object} given
 * @param {Tree} given.tree
 * @param {number} given.place
 * @param {import("./events.js").Place} given.where
 * @param {string} given.tab  Which of the tabs is asked for; empty for the first.
 * @param {any} given.audit  What is said of the session's events in the audit log; null until it is there.
 * @param {(tab: string) => void} given.choose
 * @param {(place: number) => void} given.open
 * @param {() => void} given.close
 */
export function Detail({ tree, place, where, audit, tab, choose, open, close }) {
  const span = tree.spans[place];
  const { events, error } = useEvents(span, where);
  const tabs = tabsOf(span);
  const shown = tabs.find((each) => each.name === tab) ?? tabs[0];
  /** @param {StoredEvent} event */
  const proof = (event) => proofOf(audit, event, where);
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  // Another span is read from its beginning.
  useEffect(() => {
    if (box.current) box.current.scrollTop = 0;
    // Not its place: rows may be added before it.
  }, [span.id]);
  return html`<aside class="detail" aria-label="Span" ref=${box}>
    <header class=${`detail-head kind-${groupOf(span.kind)}`}>
      <h2>
        <span class="kind">${oneLine(span.kind, 20)}</span> <span dir="auto">${nameOf(span, 300)}</span>
      </h2>
      <button type="button" class="close" aria-label="Close the span" title="Close (Escape)" onClick=${close}>✕</button>
    </header>
    ${hasFailed(span) && html`<p class="problem" dir="auto">${oneLine(span.error || "It failed, and says no more.", 2000)}</p>`}
    <${Facts} span=${span} events=${events} own=${ownTime(tree, place)} />
    <${Places} tree=${tree} place=${place} where=${where} open=${open} />
    <${Tabs} tabs=${tabs} shown=${shown.name} choose=${choose} />
    <div role="tabpanel" id="span-panel" aria-labelledby=${`tab-${shown.name}`} tabindex="0">
      ${error && html`<p class="problem" role="alert">${error.message}</p>`}
      ${!error && !events && html`<p class="dim" role="status">Reading …</p>`}
      ${events && shown.name === "chat" && html`<${ModelChat} key=${span.id} tree=${tree} place=${place} events=${events} where=${where} open=${open} />`}
      ${events && shown.name === "payload" && html`<${Payloads} key=${span.id} events=${events} proof=${proof} />`}
      ${events && shown.name === "raw" && html`<${RawEvents} key=${span.id} events=${events} proof=${proof} />`}
    </div>
  </aside>`;
}

/** @param {Span} span */
function tabsOf(span) {
  const all = [
    { name: "payload", label: "Payload" },
    { name: "raw", label: span.events.length === 1 ? "Raw event" : "Raw events" },
  ];
  return span.kind === "model" ? [{ name: "chat", label: "Chat" }, ...all] : all;
}

/** @param {{tabs: {name: string, label: string}[], shown: string, choose: (tab: string) => void}} given */
function Tabs({ tabs, shown, choose }) {
  /** @param {KeyboardEvent} event */
  const pressed = (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex((each) => each.name === shown);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    choose(next.name);
    document.getElementById(`tab-${next.name}`)?.focus();
  };
  return html`<div class="tabs" role="tablist" aria-label="What the span's events say" onKeyDown=${pressed}>
    ${tabs.map(
      ({ name, label }) => html`<button
        type="button"
        role="tab"
        id=${`tab-${name}`}
        key=${name}
        aria-selected=${String(name === shown)}
        aria-controls="span-panel"
        tabindex=${name === shown ? 0 : -1}
        onClick=${() => choose(name)}
      >
        ${label}
      </button>`,
    )}
  </div>`;
}

/** @param {{span: Span, events: StoredEvent[] | null, own: number | null}} given */
function Facts({ span, events, own }) {
  const trace = events?.find((each) => each.trace_id)?.trace_id ?? "";
  const span_id = events?.find((each) => each.span_id)?.span_id ?? "";
  const marks = marksOf(span);
  return html`<dl class="facts">
    ${span.start && html`<${Fact} name="Start"><time datetime=${span.start} title=${utcTime(span.start)}>${localTime(Date.parse(span.start), Date.now(), true)}</time><//>`}
    ${span.duration_ms !== null && html`<${Fact} name="Duration">${duration(span.duration_ms)}${own !== null && html`<span class="dim" title="The time in which nothing inside of it ran"> · of its own ${duration(own)}</span>`}<//>`}
    <${Fact} name="Status"><span class=${hasFailed(span) ? "error" : ""}>${span.status}</span> ${marks.map((mark) => html`<span class="mark">${mark}</span> `)}<//>
    ${span.agent && html`<${Fact} name="Agent">${oneLine(span.agent, 120)}<//>`}
    ${span.model && html`<${Fact} name="Model">${oneLine(span.model, 120)}<//>`}
    ${span.tokens && html`<${Fact} name="Tokens">${tokensText(span.tokens)}<//>`}
    <${CostFacts} events=${events} />
    ${span_id && html`<${Fact} name="Span id"><code>${oneLine(span_id, 80)}</code> <${Copy} label="Copy the span id" text=${() => span_id} /><//>`}
    ${trace && html`<${Fact} name="Trace id"><code>${oneLine(trace, 80)}</code> <${Copy} label="Copy the trace id" text=${() => trace} /><//>`}
  </dl>`;
}

/** @param {{name: string, children?: any}} given */
function Fact({ name, children }) {
  return html`<div><dt>${name}</dt> <dd>${children}</dd></div>`;
}

/** @param {{prompt: number, completion: number, total: number}} tokens */
function tokensText({ prompt, completion, total }) {
  return prompt || completion ? `${count(total)} = ${count(prompt)} prompt + ${count(completion)} answer` : count(total);
}

/** The amounts as the events have them, part by part. @param {{events: StoredEvent[] | null}} given */
function CostFacts({ events }) {
  const paid = (events ?? []).map((each) => each.cost).filter(isBranch);
  return paid.map((/** @type {any} */ cost) => {
    const currency = typeof cost.currency === "string" ? oneLine(cost.currency, 12) : "";
    const parts = [
      ["input", cost.input_cost, cost.input_rate_per_token],
      ["output", cost.output_cost, cost.output_rate_per_token],
    ].filter(([, amount]) => amount);
    const total = cost.total_cost || (cost.input_cost || 0) + (cost.output_cost || 0);
    return html`<${Fact} name="Cost">
      ${amountText(total)} ${currency}
      ${parts.map(([name, amount, rate]) => html`<span class="dim"> · ${name} ${amountText(amount)}${rate ? ` at ${amountText(rate * 1e6)} a million` : ""}</span>`)}
    <//>`;
  });
}

/** An amount with all the digits that tell something. @param {unknown} amount */
function amountText(amount) {
  return String(Number(Number(amount).toPrecision(6)));
}

/**
 * Links to what is above the span, below it, and to its other end.
 * @param {{tree: Tree, place: number, where: import("./events.js").Place, open: (place: number) => void}} given
 */
function Places({ tree, place, where, open }) {
  const children = childrenOf(tree, place, CHILDREN + 1);
  const parent = tree.parents[place];
  const orphan = tree.spans[place].marks.includes("orphan");
  return html`<dl class="facts places">
    ${parent >= 0 && html`<${Fact} name="Inside of"><${To} tree=${tree} place=${parent} where=${where} open=${open} /><//>`}
    ${orphan && html`<${Fact} name="Inside of"><span class="mark">a span that was not recorded</span><//>`}
    ${children.length > 0 &&
    html`<${Fact} name="Inside">
      <ul class="links">
        ${children.slice(0, CHILDREN).map((child) => html`<li key=${child}><${To} tree=${tree} place=${child} where=${where} open=${open} /></li>`)}
        ${children.length > CHILDREN && html`<li class="dim">and more, in the list</li>`}
      </ul>
    <//>
    <${Fact} name="In all of it">${insideText(tree, place)}<//>`}
  </dl>`;
}

/** What all that is inside of a span came to. @param {Tree} tree @param {number} place */
function insideText({ ends, inside }, place) {
  const [tokens, errors] = [inside.tokens[place], inside.errors[place]];
  const parts = [
    counted(ends[place] - place - 1, "span"),
    tokens && counted(tokens, "token"),
    costs(inside.cost[place] ?? {}),
    errors && counted(errors, "error"),
  ];
  return parts.filter(Boolean).join(" · ");
}

/**
 * A link to another span of the session.
 * @param {{tree: Tree, place: number, where: import("./events.js").Place, open: (place: number) => void}} given
 */
export function To({ tree, place, where, open }) {
  const span = tree.spans[place];
  /** @param {MouseEvent} event */
  const clicked = (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(place);
  };
  return html`<a class=${`to kind-${groupOf(span.kind)}`} href=${sessionPath(where.session_id, span.id) + location.search} onClick=${clicked}>
    <span class="kind">${oneLine(span.kind, 20)}</span> <span dir="auto">${nameOf(span, 80)}</span>
    ${hasFailed(span) && html` <span class="error">✗</span>`}
  </a>`;
}

/** What is said of every event elsewhere on the page, and is no payload. */
const KNOWN = new Set(
  "event_id tenant_id project_id session_id span_id parent_span_id type severity status author timestamp agent_id agent_name trace_id".split(" "),
);

/** Where the proof of an event is; empty if there is none. @typedef {(event: StoredEvent) => string} ProofOf */

/** @param {{events: StoredEvent[], proof: ProofOf}} given */
function Payloads({ events, proof }) {
  return events.map((event) => {
    // What the event is about goes before all that is said of it.
    const { content, ...rest } = event;
    const others = Object.entries(rest).filter(([name]) => !KNOWN.has(name));
    const payload = content === undefined ? Object.fromEntries(others) : { content, ...Object.fromEntries(others) };
    return html`<section key=${event.event_id} id=${`event-${event.event_id}`} class="payload">
      <${EventHead} event=${event} others=${events} proof=${proof(event)} text=${() => JSON.stringify(payload, null, 2)} />
      <${Taken} event=${event} />
      ${event.content?.stack_trace && html`<details><summary>Stack trace</summary><pre class="text"><${LongText} text=${String(event.content.stack_trace)} /></pre></details>`}
      ${Object.keys(payload).length
        ? html`<${JsonTree} name="payload" value=${payload} redacted=${redactedOf(event)} />`
        : html`<p class="dim">It says nothing more.</p>`}
    </section>`;
  });
}

/** @param {{event: StoredEvent, others: StoredEvent[], proof: string, text: () => string}} given */
function EventHead({ event, others, proof, text }) {
  const type = typeof event.type === "string" ? event.type : `TYPE ${event.type}`;
  return html`<h3>
    ${oneLine(type, 60)}
    ${event.timestamp && html` <time class="dim" datetime=${event.timestamp} title=${utcTime(event.timestamp)}>${localTime(Date.parse(event.timestamp), Date.now(), true)}</time>`}
    <${Copy} label=${`Copy ${type}`} text=${text} />
    ${proof && html`<a class="jump" href=${proof} target="_blank" rel="noreferrer" title="The proof that this event is in the audit log, as a text (tlog-proof)">proof</a>`}
    ${others
      .filter((each) => each !== event)
      .map((each) => html`<button type="button" class="jump" onClick=${() => document.getElementById(`event-${each.event_id}`)?.scrollIntoView()}>${others.indexOf(each) ? "↓" : "↑"} ${oneLine(String(each.type), 60)}</button>`)}
  </h3>`;
}

/** What was taken out of an event. @param {{event: StoredEvent}} given */
function Taken({ event }) {
  const { redaction, pii_categories: categories } = event;
  const fields = Array.isArray(redaction?.fields) ? redaction.fields : [];
  const listed = Array.isArray(categories) ? categories : [];
  if (!redaction && !listed.length) return null;
  return html`<p class="taken">
    <span class="mark redacted">redacted</span>
    ${redaction?.method && html` by ${oneLine(String(redaction.method), 40)}`}
    ${listed.length > 0 && html` · ${oneLine(listed.slice(0, 20).join(", "), 300)}`}
    ${fields.length > 0 && html`<details><summary>${count(fields.length)} ${fields.length === 1 ? "field" : "fields"}</summary>
      <ul>${fields.slice(0, 110).map((/** @type {unknown} */ field) => html`<li><code>${oneLine(String(field), 300)}</code></li>`)}</ul>
    </details>`}
  </p>`;
}

/** @param {StoredEvent} event */
function redactedOf(event) {
  const fields = Array.isArray(event.redaction?.fields) ? event.redaction.fields : [];
  return { fields: new Set(fields), kind: event.content?.kind };
}

/** The events as JSON, all of them. @param {{events: StoredEvent[], proof: ProofOf}} given */
function RawEvents({ events, proof }) {
  return events.map((event) => html`<${RawEvent} key=${event.event_id} event=${event} others=${events} proof=${proof(event)} />`);
}

/** @param {{event: StoredEvent, others: StoredEvent[], proof: string}} given */
function RawEvent({ event, others, proof }) {
  const [text] = useState(() => JSON.stringify(event, null, 2));
  return html`<section id=${`event-${event.event_id}`} class="payload">
    <${EventHead} event=${event} others=${others} proof=${proof} text=${() => text} />
    <pre class="text"><${LongText} text=${text} /></pre>
  </section>`;
}
