import type { Ctx } from '@airlock/flow/context';
import { type FileInput, files, form, markdown, select, submit } from '@airlock/flow/form';
import { defineService, type Service } from '@airlock/flow/service';

interface Count {
  readonly name: string;
  readonly lines: number;
  readonly words: number;
}

interface Inputs {
  readonly texts: FileInput[];
}

const launchForm = form({
  texts: files({
    label: 'Texts',
    help: 'Any number of files, each up to 10 MiB.',
    required: true,
    maxFiles: 200,
    maxBytes: 10 * 1024 ** 2,
  }),
  start: submit('Count'),
});

/** Null for what is no text. */
export function count(name: string, text: string): Count | null {
  if (text.includes('\0')) return null;
  const words = text.split(/\s+/).filter((word) => word !== '').length;
  const lines = text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  return { name, lines, words };
}

/** A field of a table: quoted, and never a formula where it is opened in a spreadsheet. */
function quoted(text: string): string {
  return `"${(/^[=+\-@\t]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

export function table(counts: readonly Count[]): string {
  return ['name,lines,words', ...counts.map(({ name, lines, words }) => `${quoted(name)},${lines},${words}`), ''].join(
    '\n',
  );
}

async function maySkip(ctx: Ctx<Inputs>, names: readonly string[]): Promise<boolean> {
  const question = form({
    which: markdown(`These are no texts:\n\n${names.map((name) => `- \`${name.replaceAll('`', "'")}\``).join('\n')}`),
    decision: select({
      label: 'What now?',
      required: true,
      options: [
        { name: 'skip', label: 'Go on without them' },
        { name: 'stop', label: 'Stop' },
      ],
    }),
    send: submit('Decide'),
  });
  return (await ctx.lock('no-text', question)).decision === 'skip';
}

/** Counts the words of files one by one, each once whatever happens, and writes a table. */
export function batch(): Service {
  return defineService({
    name: 'batch',
    title: 'Count words',
    description: 'Counts the words of files: a batch job with progress, a question and a result to download.',
    tags: ['example', 'files'],
    form: launchForm,
    async run(ctx) {
      const { texts } = ctx.inputs;
      const counts: Count[] = [];
      const others: string[] = [];
      for (const [at, file] of texts.entries()) {
        const counted = await ctx.step(`count ${at + 1}`, async () => {
          const found = count(file.name, await ctx.files.text(file));
          return found === null ? null : { ...found };
        });
        if (counted === null) others.push(file.name);
        else counts.push(counted);
        const words = counted === null ? 'no text' : `${counted.words} words`;
        await ctx.tracer.text(`${at + 1} of ${texts.length}: ${file.name}, ${words}`);
      }
      if (others.length > 0 && !(await maySkip(ctx, others))) return 'Stopped; nothing was written.';
      const { path } = await ctx.files.write('words.csv', table(counts));
      const words = counts.reduce((sum, each) => sum + each.words, 0);
      return `${words} words in ${counts.length} files. The table is in \`${path}\`.`;
    },
  });
}

export default batch();
