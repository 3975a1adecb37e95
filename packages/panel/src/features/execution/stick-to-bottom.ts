import { useEffect, useLayoutEffect, useState } from 'react';

/** So close to the end a scroll downwards counts as having reached it. */
const near = 48;

function distance(): number {
  return document.documentElement.scrollHeight - window.innerHeight - window.scrollY;
}

/** Follows where the person scrolls: any way up lets go of the end, reaching it again holds on to it. */
function createHold() {
  let held = true;
  let top = 0;
  return {
    /** Looks where the page is now. Also right before it moves: a scroll may not have been told yet. */
    look(): boolean {
      const moved = window.scrollY - top;
      top = window.scrollY;
      // A page that got shorter also moves up, but ends at its end.
      if (moved < -1 && distance() > 2) held = false;
      else if (moved > 0 && distance() < near) held = true;
      return held;
    },
    /** Goes to the end and stays there. At once: the end of a page that grows runs away from a smooth scroll. */
    follow(): void {
      window.scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' });
      held = true;
      top = window.scrollY;
    },
  };
}

/** Keeps the end of the page in view as `content` changes, unless the person has scrolled away from it. */
export function useStickToBottom(content: unknown) {
  const [hold] = useState(createHold);
  const [away, setAway] = useState(false);
  useEffect(() => {
    const look = (): void => setAway(!hold.look());
    window.addEventListener('scroll', look, { passive: true });
    return () => window.removeEventListener('scroll', look);
  }, [hold]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs because the content changed
  useLayoutEffect(() => {
    if (hold.look()) hold.follow();
    else setAway(true);
  }, [content]);
  const jump = (): void => {
    hold.follow();
    setAway(false);
  };
  return { away, jump };
}
