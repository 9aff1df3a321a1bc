// Takes a key, where the collector wants one.

import { useState } from "../../vendor/hooks.js";
import { login } from "../api.js";
import { html } from "../html.js";
import { go } from "../router.js";

/** @param {import("../router.js").Route & {unlock: () => void}} given */
export default function Login({ view, unlock }) {
  const [problem, set] = useState("");
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const key = String(new FormData(form).get("key") ?? "").trim();
    try {
      await login(key);
      if (view === "login") go("/sessions", { replace: true });
      unlock();
    } catch (error) {
      set(error instanceof Error ? error.message : String(error));
    }
  };
  return html`
    <h1>This collector asks for a key</h1>
    <form onSubmit=${submit}>
      <label>Key <input name="key" type="password" autocomplete="off" required /></label> <button>Open</button>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    </form>
  `;
}
