import { useEffect, useState } from 'react';

/** The only reader of the wall clock; pure code gets the time as a parameter. */
export function now(): number {
  return Date.now();
}

/** The time, renewed every `everyMs` while `active`. */
export function useNow(active: boolean, everyMs = 1000): number {
  const [time, setTime] = useState(now);
  useEffect(() => {
    if (!active) return;
    setTime(now());
    const timer = setInterval(() => setTime(now()), everyMs);
    return () => clearInterval(timer);
  }, [active, everyMs]);
  return time;
}
