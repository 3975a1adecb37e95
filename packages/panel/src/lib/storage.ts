type Area = 'local' | 'session';

function area(name: Area): Storage {
  return name === 'local' ? localStorage : sessionStorage;
}

/** Null when nothing is stored or the browser blocks storage. */
export function readStored(name: Area, key: string): string | null {
  try {
    return area(name).getItem(key);
  } catch {
    return null;
  }
}

/** Stores, or removes with `null`. Blocked or full storage is not an error: the page works without. */
export function writeStored(name: Area, key: string, value: string | null): void {
  try {
    if (value === null) area(name).removeItem(key);
    else area(name).setItem(key, value);
  } catch {
    // Kept in memory only.
  }
}
