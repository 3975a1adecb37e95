import { form, markdown, number, submit, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';

export default defineService({
  name: 'limerick',
  title: 'Limerick',
  description: 'Claude writes a limerick until a person likes it.',
  form: form({ topic: text({ label: 'Topic', required: true, maxLength: 200 }), start: submit('Write') }),
  async run(ctx) {
    const claude = await ctx.session();
    let turn = await claude.send(`Write a limerick about ${ctx.inputs.topic}. Nothing else.`);
    const verdict = form({ ask: markdown('How many stars?'), stars: number({ min: 1, max: 5, required: true }) });
    while ((await ctx.lock('verdict', verdict)).stars < 4) {
      await ctx.tracer.text('Not good enough: Claude tries again.');
      turn = await claude.send('Write a better one. Nothing else.');
    }
    await claude.end();
    return turn.text;
  },
});
