// What time it is, for what says how long ago something was.

import { useEffect, useState } from "../vendor/hooks.js";

/** The time, in milliseconds since 1970, again every few seconds. @param {number} [seconds] */
export function useNow(seconds = 10) {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return now;
}
