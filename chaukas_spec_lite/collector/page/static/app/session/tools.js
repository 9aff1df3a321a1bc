// The line above the list: the filter, and what keys do as buttons.

import { html } from "../html.js";

/**
 * @param {object} given
 * @param {string} given.text
 * @param {string} given.found  How many spans the filter finds; empty without one.
 * @param {(text: string) => void} given.filter
 * @param {{current: HTMLInputElement | null}} given.field
 * @param {() => void} given.toList
 * @param {Record<string, (() => void) | undefined>} given.actions
 * @param {number} given.errors
 * @param {boolean} given.closed  Whether something is collapsed.
 * @param {boolean} given.zoomed
 * @param {import("./events.js").Place} given.where
 */
export function Tools({ text, found, filter, field, toList, actions, errors, closed, zoomed, where }) {
  /** @param {KeyboardEvent} event */
  const pressed = (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") toList();
    else if (event.key === "Escape") {
      filter("");
      toList();
    } else return;
    event.preventDefault();
  };
  return html`<div class="session-tools" role="group" aria-label="The list of spans">
    <label class="filter">
      <span class="hidden-text">Filter the spans</span>
      <input
        type="search"
        ref=${field}
        value=${text}
        placeholder="Filter: words, kind:tool, is:error, agent:…"
        title="Words that a span has, and kind:, name:, agent:, model:, error:, id:, is:error, is:open, is:orphan, is:cancelled ( / )"
        onInput=${(/** @type {any} */ event) => filter(event.target.value)}
        onKeyDown=${pressed}
      />
    </label>
    <span class="dim" role="status">${found}</span>
    ${found && !text.includes(":") && html`<a href=${searchOf(text, where)}>Search the payloads</a>`}
    ${errors > 0 &&
    html`<span class="together">
      <button type="button" title="Previous error (E)" aria-label="Previous error" onClick=${actions["previous error"]}>↑</button>
      <button type="button" title="Next error (e)" onClick=${actions["next error"]}>Next error</button>
    </span>`}
    <button type="button" title="Collapse or expand everything (x)" onClick=${actions["collapse all"]}>${closed ? "Expand all" : "Collapse all"}</button>
    <span class="together zooms">
      <button type="button" title="Zoom out (-)" aria-label="Zoom out" onClick=${actions["zoom out"]} disabled=${!zoomed}>−</button>
      <button type="button" title="Zoom in (+); drag over the bars to zoom to a part" aria-label="Zoom in" onClick=${actions["zoom in"]}>+</button>
      <button type="button" title="All of the time (0, Escape, double click)" onClick=${actions.all} disabled=${!zoomed}>All</button>
    </span>
  </div>`;
}

/** @param {string} text @param {import("./events.js").Place} where */
function searchOf(text, where) {
  return `/search?${new URLSearchParams({ session_id: where.session_id, text_query: text })}`;
}
