import { expect, test } from 'vitest';
import { type Clone, createClone } from './fixtures/clone.ts';
import { ids } from './fixtures/data.ts';
import { runCommand } from './program.ts';

async function setUp(behaviour = ''): Promise<Clone> {
  const clone = createClone();
  await clone.serve(behaviour);
  return clone;
}

async function airlock(clone: Clone, ...args: string[]) {
  const context = clone.context();
  const code = await runCommand(args, '1.2.3', context);
  return { code, output: context.output() };
}

const { execution, session, request } = ids;

test('attach follows an execution to its end, over a broken stream, when nobody sits there', async () => {
  const { code, output } = await airlock(await setUp(), 'attach', execution);
  expect(output).toBe('· session ready\n» Say hello\n● He␛[31mllo\n· finished\n');
  expect(code).toBe(0);
});

test('attach --json prints each event once, as logs do', async () => {
  const clone = await setUp();
  const { code, output } = await airlock(clone, 'attach', execution, '--json');
  expect(code).toBe(0);
  expect(output).toBe((await airlock(clone, 'logs', execution, '--follow', '--json')).output);
  expect(output.trim().split('\n')).toHaveLength(4);
});

test('logs --session prints what was printed in the container, made harmless', async () => {
  const clone = await setUp();
  for (const id of [execution, session]) {
    const { code, output } = await airlock(clone, 'logs', id, '--session');
    expect(code).toBe(0);
    expect(output).toMatch(/^\S+ ended {2}It was killed\n\S+ claude out of ␛\[31mluck\n$/);
  }
  const { output } = await airlock(clone, 'logs', session, '--session', '--json');
  expect(JSON.parse(output)).toMatchObject({ lines: [{ by: 'claude' }] });
});

test('attach says that there is no such execution', async () => {
  const { code, output } = await airlock(await setUp(), 'attach', session);
  expect([code, output]).toEqual([1, expect.stringContaining('the detail')]);
});

test.each<[string[], string, string]>([
  [['say', execution, 'hurry', 'up'], `POST /api/v1/sessions/${session}/messages {"text":"hurry up"}`, 'Said'],
  [['say', session, 'hurry'], `POST /api/v1/sessions/${session}/messages {"text":"hurry"}`, 'Said'],
  [['interrupt', execution], `POST /api/v1/sessions/${session}/interrupt `, 'The turn is stopped'],
  [
    ['set', execution, '--mode', 'plan', '--model', '-', '--effort', 'low'],
    `PATCH /api/v1/sessions/${session} {"permissionMode":"plan","model":null,"effort":"low"}`,
    'Claude works like this',
  ],
  [['cancel', execution], `POST /api/v1/executions/${execution}/cancel `, 'It is being cancelled'],
])('%o', async (args, posted, said) => {
  const clone = await setUp();
  expect(await airlock(clone, ...args)).toEqual({ code: 0, output: expect.stringContaining(`✓ ${said}`) });
  expect(clone.read('home/posted.json')).toBe(posted);
  const { output } = await airlock(clone, ...args, '--json');
  expect(JSON.parse(output)).toMatchObject(args[0] === 'cancel' ? { id: execution } : { session });
});

test('say is the reply that is waited for', async () => {
  const clone = await setUp('asks');
  const { output } = await airlock(clone, 'say', execution, 'more', '--json');
  expect(JSON.parse(output)).toEqual({ request, answered: true });
  expect(clone.read('home/posted.json')).toBe(`POST /api/v1/requests/${request}/answer {"inputs":{"response":"more"}}`);
});

test.each([
  [['attach']],
  [['say', execution]],
  [['set', execution]],
  [['set', execution, '--mode', 'bypassPermissions']],
  [['set', execution, '--effort', 'much']],
  [['cancel']],
])('%o is bad usage', async (args) => {
  expect((await airlock(createClone(), ...args)).code).toBe(2);
});
