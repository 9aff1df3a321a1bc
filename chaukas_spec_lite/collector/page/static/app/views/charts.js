// The view `charts`.

import { html } from "../html.js";

/** @param {import("../router.js").Route} route */
export default function Charts(route) {
  return html`<h1>Charts</h1>`;
}
