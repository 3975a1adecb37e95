import { appendFile } from 'node:fs/promises';
import { form, submit, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';

const answer = () => form({ words: text({ label: 'Words', required: true }), ok: submit('OK') });

/** Three locks, two steps, a race, a sleep and a session. Each attempt of a step leaves a line in the file `effects`. */
export default defineService({
  name: 'matrix',
  title: 'Matrix',
  description: 'Does everything a service can do, once.',
  form: form({ effects: text({ label: 'File', required: true }), start: submit('Start') }),
  async run(ctx) {
    const { effects } = ctx.inputs;
    const session = await ctx.session();
    const first = await session.send('the plan');
    const plan = await ctx.lock('plan', answer());
    const prepared = await ctx.step('prepare', async () => {
      await appendFile(effects, 'prepare\n');
      return `prepared ${plan.words}`;
    });
    const [budget] = await Promise.all([ctx.lock('budget', answer()), ctx.sleep(30)]);
    const confirmed = await ctx.race({
      person: async () => (await ctx.lock('confirm', answer())).words,
      time: async () => {
        await ctx.sleep(3_600_000);
        return 'nobody';
      },
    });
    let attempts = 0;
    const published = await ctx.step(
      'publish',
      async () => {
        attempts += 1;
        await appendFile(effects, 'publish\n');
        if (attempts === 1) throw new Error('Not yet');
        return `published for ${budget.words}`;
      },
      { retry: { attempts: 5, delayMs: 10 } },
    );
    const second = await session.send(`the end of ${confirmed}`);
    await session.end();
    await ctx.tracer.markdown('Done');
    const said = [first, second].map(({ text: words }) => words.split(' (')[0] ?? '');
    return { type: 'json', body: { plan: plan.words, prepared, budget: budget.words, confirmed, published, said } };
  },
});
