// Dark or light: as the system has it, or as was chosen here, which this browser keeps.

const NAMES = /** @type {const} */ (["system", "light", "dark"]);

/** @typedef {typeof NAMES[number]} Theme */

/** @returns {Theme} the one that was chosen */
export function chosen() {
  const kept = stored();
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** The theme that a click leads to. @param {Theme} theme @returns {Theme} */
export function after(theme) {
  return NAMES[(NAMES.indexOf(theme) + 1) % NAMES.length];
}

/** Chooses a theme. @param {Theme} theme */
export function choose(theme) {
  try {
    if (theme === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // A browser that keeps nothing has the theme until the page is left.
  }
  show(theme);
  // For what draws its colours itself.
  dispatchEvent(new Event("chaukas-theme"));
}

/** Shows a theme. @param {Theme} theme */
export function show(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function stored() {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}
