// Reads what the collector has, from the documented calls under /api.

import { useEffect, useState } from "../vendor/hooks.js";

/** What went wrong, in a sentence. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status that of the answer; 0 if there was none
   */
  constructor(message, status) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

/** The name of the event that tells that a key is needed. */
export const KEY_NEEDED = "chaukas-key-needed";

/**
 * Write path and query of a call.
 *
 * @param {string} path
 * @param {Record<string, any>} [query] null, undefined and "" are left out; lists are given several times
 */
export function address(path, query = {}) {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null && each !== undefined && each !== "") given.append(name, String(each));
    }
  }
  const text = given.toString();
  return text ? `${path}?${text}` : path;
}

/**
 * Read from the collector.
 *
 * @param {string} path such as `/api/sessions`; parts that are ids have to be escaped with `segment`
 * @param {Record<string, any>} [query]
 * @param {{signal?: AbortSignal}} [how]
 * @returns {Promise<any>}
 * @throws {ApiError} unless it was aborted, which is a DOMException of the name AbortError
 */
export async function get(path, query = {}, { signal } = {}) {
  return answered(await sent(address(path, query), { signal }), path);
}

/**
 * Exchange a key for a session of this page, which a cookie keeps that no script can read.
 *
 * @param {string} key
 */
export async function login(key) {
  const headers = { "Content-Type": "application/json" };
  await answered(await sent("/page/login", { method: "POST", headers, body: JSON.stringify({ key }) }), "/page/login");
}

/** End the session of this page. */
export async function logout() {
  await answered(await sent("/page/logout", { method: "POST" }), "/page/logout");
}

/**
 * @param {string} url
 * @param {RequestInit} request
 */
async function sent(url, request) {
  try {
    return await fetch(url, { ...request, credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("The collector does not answer: is it still running?", 0);
  }
}

/**
 * @param {Response} response
 * @param {string} path
 */
async function answered(response, path) {
  /** @type {any} */
  let content = null;
  try {
    if (response.status !== 204) content = await response.json();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    if (response.ok) throw new ApiError(`The answer to ${path} came incomplete.`, response.status);
  }
  if (response.ok) return content;
  if (response.status === 401 && path !== "/page/login") dispatchEvent(new Event(KEY_NEEDED));
  const detail = typeof content?.detail === "string" ? content.detail : `the collector answers ${response.status}`;
  throw new ApiError(detail.charAt(0).toUpperCase() + detail.slice(1), response.status);
}

/**
 * @typedef {object} Read
 * @property {any} data what was read; that of before while the next is being read, null to begin with
 * @property {ApiError | null} error why it could not be read
 * @property {boolean} loading
 * @property {() => void} again reads it once more
 */

/**
 * Read from the collector, again whenever path or query change; what is not needed any more is aborted.
 *
 * @param {string | null} path null reads nothing
 * @param {Record<string, any>} [query]
 * @returns {Read}
 */
export function useApi(path, query = {}) {
  const url = path === null ? null : address(path, query);
  const [turn, setTurn] = useState(0);
  const [state, set] = useState({ data: /** @type {any} */ (null), error: /** @type {ApiError | null} */ (null), loading: true });
  useEffect(() => {
    if (url === null) {
      set({ data: null, error: null, loading: false });
      return;
    }
    const aborting = new AbortController();
    set((before) => ({ ...before, loading: true }));
    get(url, {}, { signal: aborting.signal }).then(
      (data) => set({ data, error: null, loading: false }),
      (error) => {
        if (aborting.signal.aborted) return;
        const told = error instanceof ApiError ? error : new ApiError(String(error), 0);
        set((before) => ({ ...before, error: told, loading: false }));
      },
    );
    return () => aborting.abort();
  }, [url, turn]);
  return { ...state, again: () => setTurn((before) => before + 1) };
}
