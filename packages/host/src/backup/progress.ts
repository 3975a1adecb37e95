/** Hears what goes on now, in words for people; it may be called for every chunk. Must not throw. */
export type Progress = (text: string) => void;

const units = ['KiB', 'MiB', 'GiB', 'TiB'];

/** A size for people, `12.3 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 'B';
  for (const each of units) {
    if (value < 1024) break;
    value /= 1024;
    unit = each;
  }
  return `${unit === 'B' ? value : value.toFixed(1)} ${unit}`;
}
