import { describe, expect, it } from 'vitest';
import { form, text } from './form.ts';
import { defineService } from './service.ts';
import { crashMatrix, type LogEntry } from './testing.ts';

const note = form({ note: text({ required: true }) });

/** Two branches that ask and talk side by side, then one more lock with a lease. */
const branching = defineService({
  name: 'branching',
  title: 'Branching',
  description: '',
  form: form({}),
  async run(ctx) {
    const order: string[] = [];
    const startedAt = await ctx.now();
    const ask = async (name: string) => {
      const answer = await ctx.lock(name, note);
      order.push(name);
      const at = await ctx.now();
      await ctx.tracer.text(`${name} at ${at.getTime() - startedAt.getTime()}`);
      return answer.note;
    };
    const talk = async () => {
      const chat = await ctx.session('chat');
      const first = await chat.send('one');
      order.push('talk');
      const second = await chat.send(first.text);
      await chat.end();
      return second.text;
    };
    const said = await Promise.all([ask('a'), talk(), ask('b')]);
    const last = await ctx.tracer.lock('c', note, { lease: (answer) => ({ length: answer.note.length }) });
    await ctx.tracer.result({ last });
    return { order, said };
  },
});

const outcomes = (log: readonly LogEntry[]) =>
  Object.fromEntries(log.flatMap((entry) => (entry.type === 'outcome' ? [[entry.key, entry.outcome]] : [])));

describe('crashMatrix', () => {
  it('ends the same, with the same outcomes and each call stored once, wherever the process is killed', async () => {
    const answers = { a: [{ note: 'A' }], b: [{ note: 'B' }], c: [{ note: '' }, { note: 'sea' }] };
    const [whole, ...crashed] = await crashMatrix(branching, { answers, session: (said, turn) => `${said}+${turn}` });
    expect(whole?.end).toMatchObject({ final: { body: { said: ['A', 'one+0+1', 'B'] } } });
    expect(crashed.length).toBeGreaterThan(30);
    for (const { crashAt, runs, end, log } of crashed) {
      expect({ crashAt, runs, end }).toEqual({ crashAt, runs: 2, end: whole?.end });
      expect(outcomes(log)).toEqual(outcomes(whole?.log ?? []));
      const keys = log.map(({ type, key }) => `${type} ${key}`);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });
});
