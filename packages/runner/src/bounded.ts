/** What the CLI calls something, at a length the host takes. */
export function name(text: string): string {
  return text.slice(0, 200);
}
