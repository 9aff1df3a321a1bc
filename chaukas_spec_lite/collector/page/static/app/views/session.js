// The view `session`: what happened in it, as a tree and over time, and one of its spans beside that.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "../../vendor/hooks.js";
import { counted } from "../format.js";
import { html } from "../html.js";
import { go, sessionPath, setQuery } from "../router.js";
import { useAudit } from "../session/audit_state.js";
import { Detail } from "../session/detail.js";
import { conditionOf, countOf, wantedOf } from "../session/filter.js";
import { Header } from "../session/header.js";
import { actionOf, EVERYWHERE, nextPlace } from "../session/keys.js";
import { useSession } from "../session/reading.js";
import { hasChildren, nextError, placeOf, placesOf, rowOf, shownTo, treeOf, visibleRows } from "../session/rows.js";
import { around, isWhole, moved, rangeFrom, rangeText, scaled, wholeOf } from "../session/timescale.js";
import { Tools } from "../session/tools.js";
import { Waterfall } from "../session/waterfall.js";

/** Milliseconds after which what was typed, or gone to, stands in the address. Browsers count its changes. */
const LATER = 250;

/** @param {import("../router.js").Route} route */
export default function Session({ params, query }) {
  const where = {
    tenant_id: query.get("tenant_id") ?? "",
    project_id: query.get("project_id") ?? "",
    session_id: params.session,
  };
  const { session_id } = where;
  const { data, error, again } = useSession(where);
  useEffect(() => {
    document.title = `Session ${session_id.slice(0, 40)} · Chaukas`;
  }, [session_id]);
  if (error && !data) return html`<p class="problem" role="alert">${error.message} <button type="button" onClick=${again}>Try again</button></p>`;
  if (!data) return html`<p class="dim" role="status">Reading the session …</p>`;
  if (!data.spans.length) {
    return html`<h1>Session</h1>
      <p>There is no event of a session of this id, or none that the key may read. <a href="/sessions">All sessions</a></p>`;
  }
  return html`<${Spans} key=${JSON.stringify(where)} data=${data} where=${where} span=${params.span ?? ""} query=${query} />`;
}

/** @param {{data: any, where: import("../session/events.js").Place, span: string, query: URLSearchParams}} given */
function Spans({ data, where, span, query }) {
  const tree = useMemo(() => treeOf(data.spans), [data]);
  const whole = useMemo(() => wholeOf(tree.length), [tree]);
  // By their ids, as a session that goes on may get spans before others.
  const [closed, setClosed] = useState(/** @type {ReadonlySet<string>} */ (new Set()));
  const [at, setAt] = useState("");
  const collapsed = useMemo(() => placesOf(tree, closed), [tree, closed]);
  const [text, setText] = useState(query.get("q") ?? "");
  const chosen = useMemo(() => placeOf(tree, span), [tree, span]);
  const cursor = useMemo(() => Math.max(at ? tree.spans.findIndex((each) => each.id === at) : chosen, 0), [tree, at]);
  const wanted = useMemo(() => wantedOf(tree, conditionOf(text)), [tree, text]);
  const rows = useMemo(() => visibleRows(tree, collapsed, wanted), [tree, collapsed, wanted]);
  const range = rangeFrom(query.get("t") ?? "", whole) ?? whole;
  const list = useRef(/** @type {{focus: () => void} | null} */ (null));
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [later, typing] = [useLater(), useLater()];
  const audit = useAudit(where);

  /** Has the keys go by a span, which is shown. @param {number} place */
  const show = (place) => {
    setAt(tree.spans[place].id);
    setClosed((before) => shownTo(tree, before, place));
  };
  // A link, or the back button, has led to another span.
  useEffect(() => {
    if (chosen >= 0) show(chosen);
  }, [span]);
  useLayoutEffect(() => list.current?.focus(), []);

  /** @param {number} place */
  const open = (place) => {
    later.forget();
    show(place);
    go(sessionPath(where.session_id, tree.spans[place].id) + location.search, { replace: chosen >= 0 });
  };
  const close = () => {
    later.forget();
    go(sessionPath(where.session_id) + location.search);
    list.current?.focus();
  };
  /** @param {number} place */
  const to = (place) => {
    show(place);
    // The span beside the list follows, once the keys rest.
    if (chosen >= 0 && place !== chosen) later.run(() => open(place));
  };
  /** @param {number} place */
  const toggle = (place) => {
    if (!hasChildren(tree, place)) return;
    const { id } = tree.spans[place];
    setAt(id);
    setClosed((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  };
  /** @param {import("../session/timescale.js").Range | null} part */
  const zoom = (part) => setQuery({ t: part === null || isWhole(part, whole) ? null : rangeText(part) });
  /** @param {string} typed */
  const filter = (typed) => {
    setText(typed);
    typing.run(() => setQuery({ q: typed }));
  };
  /** @param {1 | -1} step */
  const toError = (step) => {
    const found = nextError(tree, cursor, step, wanted);
    if (found >= 0) to(found);
  };
  const collapseAll = () => {
    // What is at the root stays open: there would be nothing to see else.
    const inside = tree.spans.filter((_, place) => hasChildren(tree, place) && tree.parents[place] >= 0);
    setClosed(new Set(collapsed.size ? [] : inside.map((each) => each.id)));
  };

  /** @type {Record<string, (() => void) | undefined>} */
  const actions = {
    open: () => open(rows[Math.max(rowOf(rows, cursor), 0)]),
    toggle: () => toggle(cursor),
    "next error": () => toError(1),
    "previous error": () => toError(-1),
    filter: () => field.current?.focus(),
    "zoom to": () => zoom(around(tree.from[cursor], tree.to[cursor], whole)),
    "zoom in": () => zoom(scaled(range, 0.5, 0.5, whole)),
    "zoom out": () => zoom(scaled(range, 0.5, 2, whole)),
    earlier: () => zoom(moved(range, -0.25, whole)),
    later: () => zoom(moved(range, 0.25, whole)),
    all: () => zoom(null),
    "collapse all": collapseAll,
    back: () => {
      if (!isWhole(range, whole)) zoom(null);
      else if (chosen >= 0) close();
      else if (text) filter("");
    },
  };
  /** @param {KeyboardEvent} event */
  const pressed = (event) => {
    const action = actionOf(event);
    if (!action || !rows.length) return;
    const act = actions[action];
    const place = act ? -1 : nextPlace(action, tree, rows, collapsed, cursor);
    event.preventDefault();
    if (act) act();
    else if (action === "expand" && place === cursor) collapsed.has(place) && toggle(place);
    else if (action === "collapse" && place === cursor) toggle(place);
    else if (place >= 0) to(place);
  };
  // The keys that no field or button has a use for work wherever the focus is.
  const everywhere = useRef(pressed);
  everywhere.current = pressed;
  useLayoutEffect(() => {
    /** @param {KeyboardEvent} event */
    const heard = (event) => {
      const target = event.target instanceof Element ? event.target : null;
      const typing = target?.closest("input, textarea, select, dialog, [role=dialog], [role=treegrid]");
      if (!event.defaultPrevented && !typing && EVERYWHERE.has(event.key)) everywhere.current(event);
    };
    addEventListener("keydown", heard);
    return () => removeEventListener("keydown", heard);
  }, []);
  const found = countOf(wanted);
  return html`<div class="session">
    <${Header} tree=${tree} data=${data} where=${where} audit=${audit} toError=${() => toError(1)} />
    <${Tools}
      text=${text}
      found=${wanted === null ? "" : counted(found, "span")}
      filter=${filter}
      field=${field}
      toList=${() => {
        if (wanted !== null && found) setAt(tree.spans[wanted.indexOf(2)].id);
        list.current?.focus();
      }}
      actions=${actions}
      errors=${tree.errors.length}
      closed=${collapsed.size > 0}
      zoomed=${!isWhole(range, whole)}
      where=${where}
    />
    <div class=${chosen >= 0 ? "session-body with-detail" : "session-body"}>
      <${Waterfall}
        tree=${tree}
        rows=${rows}
        collapsed=${collapsed}
        wanted=${wanted}
        cursor=${cursor}
        chosen=${chosen}
        range=${range}
        zoom=${zoom}
        open=${open}
        toggle=${toggle}
        onKey=${pressed}
        handle=${list}
      />
      ${chosen >= 0 &&
      html`<${Detail}
        tree=${tree}
        place=${chosen}
        where=${where}
        audit=${audit}
        tab=${query.get("tab") ?? ""}
        choose=${(/** @type {string} */ tab) => setQuery({ tab })}
        open=${open}
        close=${close}
      />`}
    </div>
    ${span && chosen < 0 && html`<p class="warning" role="status">The session has no span of the id that the address names.</p>`}
  </div>`;
}

/** Does the last of several things, once no other has come for a while. */
function useLater() {
  const timer = useRef(0);
  const forget = () => clearTimeout(timer.current);
  useEffect(() => forget, []);
  return {
    forget,
    /** @param {() => void} act */
    run: (act) => {
      forget();
      timer.current = setTimeout(act, LATER);
    },
  };
}
