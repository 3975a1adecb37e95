import { form, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';

/** Draws numbers, as many as its log has, then asks. */
export default defineService({
  name: 'draws',
  title: 'Draws',
  description: '',
  form: form({}),
  async run(ctx) {
    for (let n = 0; n < 750; n += 1) await ctx.random();
    return (await ctx.lock('ask', form({ word: text() }))).word;
  },
});
