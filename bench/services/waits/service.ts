import { form, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';

const answer = () => form({ words: text({ label: 'Words', required: true }) });

/** Asks, and asks again, as often as it is told; what it was answered comes with the next question. */
export default defineService({
  name: 'waits',
  title: 'Waits',
  description: 'For benchmarks.',
  form: form({ times: text({ label: 'Times' }) }),
  async run(ctx) {
    const times = Number(ctx.inputs.times || 1);
    for (let n = 0; n < times; n += 1) await ctx.lock(`ask-${n}`, answer());
    return 'answered';
  },
});
