import { useEffect } from 'react';

/** The document's title; `waiting` marks it so that the tab can be found. */
export function useTitle(title: string, waiting = false): void {
  useEffect(() => {
    document.title = `${waiting ? '● ' : ''}${title} · Airlock`;
  }, [title, waiting]);
}
