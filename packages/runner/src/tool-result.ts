/** Longest text of a tool's result that is sent for people to read; the model saw all of it. */
const maxText = 64 * 1024;

type Content = string | readonly { readonly type: string; readonly text?: unknown }[] | undefined;

/** A tool's result as text for people. */
export function toolResultText(content: Content): { readonly text: string; readonly truncated: boolean } {
  const whole = typeof content === 'string' ? content : (content ?? []).map(blockText).join('\n');
  return { text: whole.slice(0, maxText), truncated: whole.length > maxText };
}

function blockText(block: { readonly type: string; readonly text?: unknown }): string {
  return block.type === 'text' && typeof block.text === 'string' ? block.text : `[${block.type}]`;
}
