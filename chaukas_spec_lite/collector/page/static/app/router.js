// Which view a path leads to. All that a view shows stands in path and query, so that every state has a link.

import { useEffect, useState } from "../vendor/hooks.js";

/**
 * @typedef {object} Route
 * @property {string} view the name of a view, which is that of its module; `missing` if the path leads nowhere
 * @property {Record<string, string>} params what stands in the path
 * @property {URLSearchParams} query what stands behind it
 */

/** What each part of a path is: a word that has to stand there, or the name of a parameter behind a colon. */
const PATHS = [
  { path: "/", view: "sessions" },
  { path: "/sessions", view: "sessions" },
  { path: "/sessions/:session", view: "session" },
  { path: "/sessions/:session/spans/:span", view: "session" },
  { path: "/search", view: "search" },
  { path: "/live", view: "live" },
  { path: "/charts", view: "charts" },
  { path: "/compare/:a/:b", view: "compare" },
  { path: "/login", view: "login" },
];

/**
 * Find the view of a path and its query.
 *
 * @param {string} pathname as it stands in the address, with its escapes
 * @param {string} search
 * @returns {Route}
 */
export function routeOf(pathname, search) {
  const parts = pathname.split("/");
  const query = new URLSearchParams(search);
  for (const { path, view } of PATHS) {
    const wanted = path.split("/");
    if (wanted.length !== parts.length) continue;
    /** @type {Record<string, string>} */
    const params = {};
    const fits = wanted.every((each, at) => {
      if (!each.startsWith(":")) return each === parts[at];
      params[each.slice(1)] = decoded(parts[at] ?? "");
      return params[each.slice(1)] !== "";
    });
    if (fits) return { view, params, query };
  }
  return { view: "missing", params: {}, query };
}

/** What a part of a path stands for. @param {string} part */
function decoded(part) {
  try {
    return undotted(decodeURIComponent(part));
  } catch {
    return part; // a percent sign that escapes nothing
  }
}

/**
 * Write an id as a part of a path, here and below `/api`. One of `.` and `..` gets a tilde before it, as do those that
 * would then look like it: a browser takes both for directions, escaped or not, and goes elsewhere.
 *
 * @param {string} id
 */
export function segment(id) {
  return encodeURIComponent(/^~*\.\.?$/.test(id) ? `~${id}` : id);
}

/** @param {string} text */
function undotted(text) {
  return /^~+\.\.?$/.test(text) ? text.slice(1) : text;
}

/**
 * Write the address of a session, or of one of its spans.
 *
 * @param {string} session
 * @param {string} [span]
 */
export function sessionPath(session, span) {
  const path = `/sessions/${segment(session)}`;
  return span ? `${path}/spans/${segment(span)}` : path;
}

/**
 * Go to an address of this page, without loading the page again.
 *
 * @param {string} address path and query
 * @param {{replace?: boolean}} [how] replace: the back button does not lead back to the address before
 */
export function go(address, { replace = false } = {}) {
  if (address === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  dispatchEvent(new PopStateEvent("popstate"));
}

/**
 * Set parameters of the query of the address; an empty text or null takes one away, a list gives it several times.
 *
 * @param {Record<string, string | string[] | null>} changes
 * @param {{replace?: boolean}} [how]
 */
export function setQuery(changes, how = { replace: true }) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const each of value === null ? [] : [value].flat()) if (each !== "") query.append(name, each);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : ""), how);
}

/** @returns {Route} that of the address, whenever it changes */
export function useRoute() {
  const [route, set] = useState(() => routeOf(location.pathname, location.search));
  useEffect(() => {
    const changed = () => set(routeOf(location.pathname, location.search));
    const clicked = (/** @type {MouseEvent} */ event) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
      if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
      const { pathname, search, origin } = link;
      if (origin !== location.origin || routeOf(pathname, search).view === "missing") return;
      event.preventDefault();
      go(pathname + search);
    };
    addEventListener("popstate", changed);
    document.addEventListener("click", clicked);
    return () => {
      removeEventListener("popstate", changed);
      document.removeEventListener("click", clicked);
    };
  }, []);
  return route;
}
