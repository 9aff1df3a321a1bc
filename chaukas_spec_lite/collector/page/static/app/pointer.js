// Whether somebody holds a button of the mouse, as while dragging over something that must not be drawn anew meanwhile.

/** @type {Set<() => void>} Who waits for it to be let go. */
const waiting = new Set();
let held = false;

/** @param {boolean} now */
function turn(now) {
  held = now;
  if (held) return;
  // What listens to the button itself comes first.
  setTimeout(() => {
    for (const go of waiting) go();
    waiting.clear();
  });
}

addEventListener("pointerdown", () => turn(true), true);
for (const end of ["pointerup", "pointercancel", "dragend", "blur"]) addEventListener(end, () => turn(false), true);

/** Waits until no button is held. @returns {Promise<void>} */
export function letGo() {
  return held ? new Promise((resolve) => waiting.add(resolve)) : Promise.resolve();
}
