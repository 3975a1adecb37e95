const longest = 200;
const longestSubject = 20_000;

/** Why a pattern is refused: too long, not a regular expression, or able to run for ages. */
export function patternProblem(source: string): string | undefined {
  if (source.length > longest) return `is longer than ${longest} characters`;
  if (/\\[1-9]|\\k</.test(source)) return 'uses a back-reference, which can run for ages';
  if (nestsQuantifiers(source)) return 'repeats a group that itself repeats or alternates, which can run for ages';
  try {
    new RegExp(source, 'iu');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether a checked pattern occurs in the first 20,000 characters of `text`, whatever the case. */
export function patternMatches(source: string, text: string): boolean {
  return new RegExp(source, 'iu').test(text.slice(0, longestSubject));
}

/** True for `(a+)+`, `(a|b)*` and their like; groups within groups included. */
function nestsQuantifiers(source: string): boolean {
  const bare = source.replace(/\\./g, '_').replace(/\[[^\]]*\]/g, '_');
  const open: boolean[] = [];
  for (const [index, char] of [...bare].entries()) {
    if (char === '(') open.push(false);
    else if (char === ')') {
      const risky = open.pop() ?? false;
      if (risky && /^(?:[*+]|\{\d+,)/.test(bare.slice(index + 1))) return true;
      if (risky && open.length > 0) open[open.length - 1] = true;
    } else if (/[*+{|]/.test(char) && open.length > 0) open[open.length - 1] = true;
  }
  return false;
}
