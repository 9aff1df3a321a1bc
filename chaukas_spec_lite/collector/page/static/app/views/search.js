// The view `search`.

import { html } from "../html.js";

/** @param {import("../router.js").Route} route */
export default function Search(route) {
  return html`<h1>Search</h1>`;
}
