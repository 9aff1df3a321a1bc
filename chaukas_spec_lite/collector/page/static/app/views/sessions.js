// The view `sessions`.

import { html } from "../html.js";

/** @param {import("../router.js").Route} route */
export default function Sessions(route) {
  return html`<h1>Sessions</h1>`;
}
