// Whether somebody has logged in with this browser, so that a way out is shown. The login itself is a cookie that no
// script can read; this is a note beside it, and opens nothing.

const NAME = "logged-in";

export function entered() {
  try {
    return localStorage.getItem(NAME) !== null;
  } catch {
    return false;
  }
}

export function enter() {
  try {
    localStorage.setItem(NAME, "1");
  } catch {
    // Then there is no button to log out.
  }
}

export function leave() {
  try {
    localStorage.removeItem(NAME);
  } catch {
    // It was never there.
  }
}
