/** Longest name of one folder or file, in bytes of UTF-8: what common file systems take. */
const maxSegmentBytes = 255;
/** Longest path, in bytes of UTF-8, and how many names it may have. */
const maxPathBytes = 1024;
const maxDepth = 32;

/** What no reader can see, or what makes others read something else: control, format, unassigned, lone halves. */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu;

const encoder = new TextEncoder();
export const bytesOf = (text: string): number => encoder.encode(text).length;

/** Cuts a name to `bytes` of UTF-8, and leaves its ending where it is short. */
function shorten(name: string, bytes: number): string {
  if (bytesOf(name) <= bytes) return name;
  const dot = name.lastIndexOf('.');
  const ending = dot > 0 && bytesOf(name.slice(dot)) <= 32 ? name.slice(dot) : '';
  let stem = '';
  let used = bytesOf(ending);
  for (const char of name.slice(0, name.length - ending.length)) {
    used += bytesOf(char);
    if (used > bytes) break;
    stem += char;
  }
  return stem.trimEnd() + ending;
}

function safeSegment(raw: string): string {
  const seen = raw.normalize('NFC').replace(unseen, '').trim();
  // A name of dots alone means another place; one that ends in a dot or blank is another name on Windows.
  return shorten(seen.replace(/[. ]+$/, ''), maxSegmentBytes - 8);
}

/**
 * A path that leads to a place below the folder it is joined to, and says what it is: `/` between names, nothing that
 * cannot be seen, no name of dots. Made from any text, a path of Windows or a hostile one included; `file` when nothing
 * is left of it. Made from its own result, it is the same.
 */
export function safePath(raw: string): string {
  const names = raw
    .slice(0, 16 * maxPathBytes)
    .split(/[/\\]/)
    .map(safeSegment)
    .filter((name) => name !== '');
  const last = names.pop() ?? 'file';
  const folders: string[] = [];
  let used = bytesOf(last);
  for (const name of names.slice(0, maxDepth - 1)) {
    used += bytesOf(name) + 1;
    if (used > maxPathBytes - 8) break;
    folders.push(name);
  }
  return [...folders, last].join('/');
}

/** Whether a path is one `safePath` would give. */
export function isSafePath(path: string): boolean {
  return path !== '' && safePath(path) === path;
}

/** `report.pdf` as `report (2).pdf`: the same file among others of its name. */
export function numbered(path: string, count: number): string {
  if (count < 2) return path;
  const slash = path.lastIndexOf('/');
  const [folder, name] = [path.slice(0, slash + 1), path.slice(slash + 1)];
  const dot = name.lastIndexOf('.');
  const at = dot > 0 ? dot : name.length;
  return `${folder}${name.slice(0, at)} (${count})${name.slice(at)}`;
}
