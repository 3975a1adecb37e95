import * as z from 'zod';
import type { Tool } from './context.ts';
import { form, markdown, select, submit, textarea } from './form.ts';
import { tool } from './tools.ts';

/** Added to the system prompt of a session that offers `missingTool` as `report_missing`. */
export const missingPrompt = `You work in a container of an image that cannot be changed, without a network: nothing can be
installed. When a program or library you need is missing, do not try to install it. Tell people with the tool
report_missing; they decide whether you go on without it.`;

/** A line for `image/Containerfile`, before its `USER` line. */
const lines = {
  apt: (name: string) => apt(name),
  pip: (name: string) => `${apt('python3-pip')} && pip install --break-system-packages ${name}`,
  npm: (name: string) => `${apt('npm')} && npm install --global ${name}`,
} as const;

function apt(name: string): string {
  return `RUN apt-get update -q && apt-get install -qy --no-install-recommends ${name}`;
}

const input = z.object({
  name: z
    .string()
    .max(100)
    .regex(/^@?[A-Za-z0-9][A-Za-z0-9@._+/=<>~-]*$/, 'The name of one package, with its version if need be')
    .describe('Package, by the name its manager knows it by'),
  manager: z.enum(['apt', 'pip', 'npm']).describe('What would install it: apt for programs'),
  why: z.string().min(1).max(1_000).describe('What it is needed for'),
  workaround: z.string().max(2_000).describe('How you would go on without it; empty when you cannot'),
});

type Missing = z.output<typeof input>;

function question({ name, manager, why, workaround }: Missing) {
  return form({
    what: markdown(`Claude misses **${verbatim(name)}**, and its image cannot be changed while it works. It says why:`),
    why: markdown(quoted(why)),
    instead: markdown(workaround.trim() === '' ? 'It knows no way without it.' : 'Without it, it would:'),
    workaround: markdown(workaround.trim() === '' ? '' : quoted(workaround)),
    how: markdown(
      'To have it next time, put this line before `USER` into `image/Containerfile`, and start Airlock again:',
    ),
    line: markdown(quoted(lines[manager](/[<>=~]/.test(name) ? `'${name}'` : name))),
    decision: select({
      label: 'What shall Claude do?',
      required: true,
      options: [
        { name: 'go on', label: 'Go on without it' },
        { name: 'stop', label: 'Stop here' },
      ],
    }),
    note: textarea({ label: 'Anything else', maxLength: 2_000, rows: 2 }),
    send: submit('Tell Claude'),
  });
}

/** Words of Claude's, shown as they are: nothing in them ends the fence around them. */
function quoted(text: string): string {
  const runs = text.match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return `${fence}text\n${text.trim()}\n${fence}`;
}

function verbatim(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, '\\$&');
}

/**
 * A tool with which Claude says what its image lacks. People see what, why, how to add it, and how Claude would do without;
 * they decide whether it goes on.
 */
export function missingTool(options: { readonly answerMs?: number } = {}): Tool {
  const { answerMs } = options;
  return tool({
    description: 'Tells people that a program or library is missing in the image, and asks whether to go on without it',
    input,
    ...(answerMs === undefined ? {} : { timeoutMs: answerMs }),
    run: async (missing, ctx) => {
      const expires = answerMs === undefined ? {} : { expiresMs: answerMs };
      const { decision, note } = await ctx.lock('missing', question(missing), expires);
      const said = note.trim() === '' ? '' : ` They say: ${note.trim()}`;
      return decision === 'go on'
        ? `It stays missing. Go on without it, as you have said.${said}`
        : `It stays missing, and you are not to work around it. End here and say what is left to do.${said}`;
    },
  });
}
