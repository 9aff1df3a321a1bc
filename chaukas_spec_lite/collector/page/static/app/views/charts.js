// Tokens, cost, durations and errors over time, by model or agent.

import { useEffect, useState } from "../../vendor/hooks.js";
import { note } from "../agents.js";
import { get } from "../api.js";
import { Chart } from "../chart.js";
import { PERCENTILES, chartsOf } from "../chart_data.js";
import { Filters, goTo } from "../filters.js";
import { whenArrived } from "../following.js";
import { costs, count, counted, duration } from "../format.js";
import { html } from "../html.js";
import { FirstSteps, Interrupted, NothingFound, Problem } from "../notices.js";
import { letGo } from "../pointer.js";
import { asked, read } from "../query.js";
import { setQuery } from "../router.js";

/** @typedef {import("../query.js").Conditions} Conditions */

const CONDITIONS = ["since", "agent_id", "session_id", "tags", "tenant_id", "project_id", "start", "end"];
const FIRST = ["agent_id", "since"];
/** Milliseconds between two looks, however much arrives. The collector reads many events for each. */
const REST = 5000;

/** @param {import("../router.js").Route} route */
export default function Charts({ query }) {
  const conditions = read(query, CONDITIONS);
  const by = ["model", "agent"].includes(query.get("by") ?? "") ? String(query.get("by")) : "";
  const percentile = PERCENTILES.includes(query.get("percentile") ?? "") ? String(query.get("percentile")) : "p90";
  const { data, error, problem, again } = useSeries(conditions, by);
  // What fails is often a tool, which names no model: without these words there would seem to be no errors.
  const part = by && `events that name their ${by}`;
  const filtered = Object.keys(conditions).length > 0;
  const zoom = (/** @type {number} */ from, /** @type {number} */ to) =>
    setQuery({ since: null, start: iso(from), end: iso(Math.max(from + 1, to)) }, { replace: false });
  return html`
    <h1>Charts</h1>
    <${Filters} conditions=${conditions} names=${CONDITIONS} first=${FIRST} label="Filter charts">
      <${Select} name="by" label="By" value=${by} choices=${[["", "nothing"], ["model", "model"], ["agent", "agent"]]} />
      ${by && html`<${Select} name="percentile" label="Latency" value=${percentile} choices=${PERCENTILES.map((each) => [each, each])} />`}
    </${Filters}>
    <${Problem} error=${error} again=${again} />
    <${Interrupted} problem=${problem} />
    ${data === null
      ? !error && html`<p class="dim" role="status">Reading…</p>`
      : data.series.length
        ? html`<p class="foot dim" role="status">${part && `Of ${part}: `}${totalsOf(data)} ${data.truncated ? "These are only the latest of the events; a shorter time shows it whole." : ""}
              Each stretch has ${duration(data.width * 1000)}. Drag over a chart to look closer.</p>
            <div class="charts">${chartsOf(data, percentile).map(
              (chart) => html`<${Chart} key=${chart.title} chart=${chart} part=${part} times=${data.times} width=${data.width} zoom=${zoom} />`,
            )}</div>`
        : filtered || by
          ? html`<${NothingFound} what=${by ? `No event in this time names its ${by}.` : "No event meets these conditions."}
              clear=${() => (setQuery({ by: null }), goTo({}, CONDITIONS))} />`
          : html`<${FirstSteps} />`}
  `;
}

/** @param {{name: string, label: string, value: string, choices: string[][]}} given */
function Select({ name, label, value, choices }) {
  return html`<label class="field"><span>${label}</span>
    <select name=${name} onChange=${(/** @type {any} */ event) => setQuery({ [name]: event.currentTarget.value })}>
      ${choices.map(([each, text]) => html`<option value=${each} selected=${each === value}>${text}</option>`)}
    </select></label>`;
}

/** @param {number} seconds */
function iso(seconds) {
  return new Date(Math.round(seconds) * 1000).toISOString();
}

/** What all of it came to. @param {import("../chart_data.js").Answer} data */
function totalsOf(data) {
  const sum = (/** @type {(group: import("../chart_data.js").Group) => number[]} */ values) =>
    data.series.flatMap(values).reduce((total, value) => total + value, 0);
  /** @type {Record<string, number>} */
  const paid = {};
  for (const group of data.series) {
    for (const [currency, amounts] of Object.entries(group.cost)) {
      paid[currency] = amounts.reduce((total, amount) => total + amount, paid[currency] ?? 0);
    }
  }
  const parts = [
    counted(sum((group) => group.events), "event"),
    `${count(sum((group) => group.calls))} calls of models`,
    counted(sum((group) => group.tokens), "token"),
    costs(paid),
    counted(sum((group) => group.errors), "error"),
  ];
  return `${parts.filter(Boolean).join(" · ")}.`;
}

/**
 * Reads the series, and again while events arrive.
 *
 * @param {Conditions} conditions
 * @param {string} by
 */
function useSeries(conditions, by) {
  const [data, setData] = useState(/** @type {import("../chart_data.js").Answer | null} */ (null));
  const [error, setError] = useState(/** @type {import("../api.js").ApiError | null} */ (null));
  const [problem, tell] = useState("");
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const aborting = new AbortController();
    const { signal } = aborting;
    const refresh = async () => {
      const answer = await get("/api/series", { ...asked(conditions, Date.now()), by }, { signal });
      // Whoever drags over a chart would have it taken from under the pointer.
      await letGo();
      if (signal.aborted) return;
      note(answer.agents_by_id);
      setData(answer);
      setError(null);
    };
    const { since, start, end, ...followed } = conditions;
    refresh().then(
      () => whenArrived(followed, refresh, tell, signal, REST),
      (failed) => signal.aborted || (setError(failed), setData(null)),
    );
    return () => aborting.abort();
  }, [JSON.stringify(conditions), by, turn]);
  return { data, error, problem, again: () => setTurn(turn + 1) };
}
