// The view `live`.

import { html } from "../html.js";

/** @param {import("../router.js").Route} route */
export default function Live(route) {
  return html`<h1>Live</h1>`;
}
