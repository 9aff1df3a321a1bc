// The view `compare`.

import { html } from "../html.js";

/** @param {import("../router.js").Route} route */
export default function Compare(route) {
  return html`<h1>Compare</h1>`;
}
