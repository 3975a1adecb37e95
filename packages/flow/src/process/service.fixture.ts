import { form, text } from '../form.ts';
import { InputsError } from '../inputs-error.ts';
import { defineService } from '../service.ts';

const word = form({ word: text({ required: true }) });

/** Does what its field `mode` says: the faults a service process must survive. */
export default defineService({
  name: 'fixture',
  title: 'Fixture',
  description: 'For the tests of the service process',
  form: form({ mode: text({ required: true }) }),
  async run(ctx) {
    const { mode } = ctx.inputs;
    switch (mode) {
      case 'end':
        return mode;
      case 'lease':
        return ctx.lock('asked', word, {
          lease: (answer) => {
            if (answer.word === 'no') throw new InputsError({ word: 'Not no' });
            return answer.word.length;
          },
        });
      case 'lock unawaited':
        void ctx.lock('asked', word);
        await ctx.now();
        return mode;
      case 'lose unawaited':
        await ctx.race([
          async () => {
            void ctx.lock('asked', word);
            await ctx.lock('other', word);
          },
          () => ctx.now(),
        ]);
        await ctx.now();
        return mode;
      case 'step':
        return ctx.step('work', () => {
          process.stdout.write('worked\n');
          return mode;
        });
      case 'reject unawaited':
        void Promise.reject(new Error(mode));
        await ctx.now();
        return mode;
      case 'throw in a timer':
        setImmediate(() => {
          throw new Error(mode);
        });
        await ctx.now();
        return mode;
      default:
        process.stdout.write(`${mode} first\n`);
        await ctx.now();
        process.stderr.write(`${mode} second\n`);
        return mode;
    }
  },
});
