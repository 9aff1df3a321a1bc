// Takes a key, where the collector wants one.

import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { login } from "../api.js";
import { html } from "../html.js";
import { enter } from "../login_note.js";
import { go } from "../router.js";

/** @param {import("../router.js").Route & {unlock: () => void}} given */
export default function Login({ view, unlock }) {
  const [problem, set] = useState("");
  const [busy, wait] = useState(false);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => field.current?.focus(), []);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const key = (field.current?.value ?? "").trim();
    wait(true);
    try {
      await login(key);
      enter();
      if (view === "login") go("/sessions", { replace: true });
      unlock();
    } catch (error) {
      set(error instanceof Error ? error.message : String(error));
      wait(false);
      field.current?.select();
    }
  };
  return html`
    <section class="empty login">
      <h1>This collector asks for a key</h1>
      <form onSubmit=${submit}>
        <label class="field"><span>Key</span>
          <input ref=${field} name="key" type="password" autocomplete="off" required aria-describedby="about-key"
            aria-invalid=${problem !== ""} /></label>
        <button disabled=${busy}>Open</button>
        <p id="about-key" class="dim">One that may read. Whoever runs the collector makes it with <code>chaukas-lite keys add</code>.
          It is exchanged for a cookie that no script can read, and ends after twelve hours without use.</p>
        <div role="alert">${problem && html`<p class="problem">${problem}</p>`}</div>
      </form>
    </section>
  `;
}
