// The page: its frame, and in it the view that the address names.

import { render } from "../vendor/preact.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { KEY_NEEDED } from "./api.js";
import { html } from "./html.js";
import { useRoute } from "./router.js";
import { chosen, show } from "./theme.js";
import { Tools } from "./tools.js";

/** @type {Record<string, () => Promise<{default: (given: any) => any}>>} */
const VIEWS = {
  sessions: () => import("./views/sessions.js"),
  session: () => import("./views/session.js"),
  search: () => import("./views/search.js"),
  live: () => import("./views/live.js"),
  charts: () => import("./views/charts.js"),
  compare: () => import("./views/compare.js"),
  login: () => import("./views/login.js"),
};

const LINKS = [
  ["/sessions", "Sessions", "sessions"],
  ["/search", "Search", "search"],
  ["/live", "Live", "live"],
  ["/charts", "Charts", "charts"],
];

/** @type {Record<string, string>} Of views that no link of the frame leads to. */
const TITLES = { session: "Session", compare: "Compare", login: "Log in" };

function Page() {
  const route = useRoute();
  const [locked, lock] = useState(false);
  useEffect(() => {
    const needed = () => lock(true);
    addEventListener(KEY_NEEDED, needed);
    return () => removeEventListener(KEY_NEEDED, needed);
  }, []);
  const name = locked ? "login" : route.view;
  return html`
    <header class="top">
      <a class="brand" href="/">Chaukas</a>
      <nav aria-label="Views">
        ${LINKS.map(([path, text, view]) => html`<a href=${path} aria-current=${view === name ? "page" : null}>${text}</a> `)}
      </nav>
      <${Tools} key=${locked} />
    </header>
    <main id="main" tabindex="-1"><${Shown} key=${name} name=${name} route=${route} unlock=${() => lock(false)} /></main>
  `;
}

/** Loads a view, and shows it. @param {{name: string, route: import("./router.js").Route, unlock: () => void}} given */
function Shown({ name, route, unlock }) {
  const [view, set] = useState({ view: /** @type {any} */ (null), problem: "" });
  useEffect(() => {
    const load = VIEWS[name];
    if (!load) return set({ view: null, problem: "There is nothing at this address." });
    load().then(
      (module) => {
        set({ view: module.default, problem: "" });
        document.title = `${LINKS.find((link) => link[2] === name)?.[1] ?? TITLES[name]} · Chaukas`;
        loadOthers();
      },
      () => {
        set({ view: null, problem: "The collector does not answer: is it still running? It is asked again every few seconds." });
        reloadOnceThere();
      },
    );
  }, [name]);
  if (view.problem) return html`<p class="problem" role="alert">${view.problem}</p>`;
  return view.view && html`<${view.view} ...${route} unlock=${unlock} />`;
}

/** Loads the other views once this one has shown something, so that none is missing when the collector is gone. */
function loadOthers() {
  setTimeout(() => Promise.allSettled(Object.values(VIEWS).map((view) => view())), 1500);
}

/** Loads the page again once the collector answers: a part of it that could not be loaded, no browser asks for twice. */
async function reloadOnceThere() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const answer = await fetch("/page/app/main.js", { method: "HEAD" }).catch(() => null);
    if (answer?.ok) return location.reload();
  }
}

const root = document.getElementById("page");
if (root) {
  show(chosen());
  root.replaceChildren();
  render(html`<${Page} />`, root);
}
