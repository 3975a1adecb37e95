import { cancel, checkbox, form, markdown, number, submit, text } from '@airlock/flow/form';
import { InputsError } from '@airlock/flow/inputs-error';
import { defineService } from '@airlock/flow/service';

/** A form, an action, a lock and a result: everything a service does with people, and no Claude. */
export default defineService({
  name: 'hello-form',
  title: 'Hello form',
  description: 'Greets someone, after a second person has agreed to the words.',
  tags: ['example'],
  form: form({
    intro: markdown('Who is to be greeted, and how often?'),
    name: text({ label: 'Name', required: true, maxLength: 100, placeholder: 'Ada' }),
    times: number({ label: 'Times', value: 1, min: 1, max: 10, step: 1, required: true }),
    loud: checkbox({ option: 'Loudly' }),
    start: submit('Greet'),
    leave: cancel('Leave'),
  }),
  async run({ inputs, tracer }) {
    const draft = inputs.loud ? `HELLO, ${inputs.name.toUpperCase()}!` : `Hello, ${inputs.name}.`;
    await tracer.action({ draft, times: inputs.times });
    const review = form({
      question: markdown(`The greeting is “${draft}”. Send it, or write a better one.`),
      greeting: text({ label: 'Greeting', value: draft, required: true, maxLength: 200 }),
      send: submit('Send'),
    });
    const greeting = await tracer.lock('review', review, {
      lease: (answer) => {
        if (!answer.greeting.toLowerCase().includes(inputs.name.toLowerCase())) {
          throw new InputsError({ greeting: `Expected a greeting that names ${inputs.name}` });
        }
        return answer.greeting.trim();
      },
    });
    await tracer.result({ type: 'text', body: greeting });
    return { type: 'text', body: Array.from({ length: inputs.times }, () => greeting).join('\n') };
  },
});
