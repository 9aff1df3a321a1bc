// The view `session`.

import { html } from "../html.js";

/** @param {import("../router.js").Route} route */
export default function Session(route) {
  return html`<h1>Session</h1>`;
}
