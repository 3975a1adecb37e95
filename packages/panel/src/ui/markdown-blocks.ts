const fence = /^ {0,3}(`{3,}|~{3,})/;
const listItem = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;
const indented = /^(?: {2,}|\t)/;
const definition = /^ {0,3}\[[^\]]+\]:/m;

/**
 * Cuts Markdown into blocks that render alike apart and together, so that text being written needs only its last block
 * rendered again. Lists with blank lines and fenced code stay whole; text with link definitions is one block.
 * The blocks joined give the text back.
 */
export function splitMarkdown(text: string): string[] {
  if (definition.test(text)) return [text];
  const blocks: string[] = [];
  let block = '';
  let open: string | null = null;
  let inList = false;
  let afterBlank = false;
  for (const line of text.split(/(?<=\n)/)) {
    const blank = line.trim() === '';
    if (open === null && afterBlank && !blank && !continues(line, inList)) {
      blocks.push(block);
      block = '';
    }
    if (block === '') inList = listItem.test(line);
    block += line;
    open = fenceAfter(line, open);
    afterBlank = blank;
  }
  if (block !== '') blocks.push(block);
  return blocks;
}

/** Whether a line after a blank one still belongs to the block before. */
function continues(line: string, inList: boolean): boolean {
  return indented.test(line) || (inList && listItem.test(line));
}

function fenceAfter(line: string, open: string | null): string | null {
  const mark = fence.exec(line.trimStart())?.[1];
  if (open === null) return mark ?? null;
  const closes = mark?.startsWith(open) === true && line.trim() === mark;
  return closes ? null : open;
}

/** The code of a fenced block that is not closed yet; null when the block is anything else. */
export function openFence(block: string): string | null {
  const [first = '', ...rest] = block.split('\n');
  const mark = fence.exec(first)?.[1];
  if (mark === undefined) return null;
  const closed = rest.some((line) => fenceAfter(line, mark) === null);
  return closed ? null : rest.join('\n');
}
