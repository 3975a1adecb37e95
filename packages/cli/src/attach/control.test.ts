import type { Element } from '@airlock/protocol/elements';
import type { Event } from '@airlock/protocol/events';
import { idSchema } from '@airlock/protocol/ids';
import type { SessionAsk } from '@airlock/protocol/requests';
import { expect, test, vi } from 'vitest';
import { ids } from '../fixtures/data.ts';
import { createRecorder } from '../fixtures/recorder.ts';
import { createControl } from './control.ts';
import { createDesk } from './desk.ts';
import { createLiveText } from './live-text.ts';
import { createSessions } from './sessions.ts';
import { createView } from './view.ts';

const at = '2026-01-02T03:04:05.000Z';
const { session } = ids;
const grants: SessionAsk & { kind: 'tool' } = {
  kind: 'tool',
  tool: 'Bash',
  toolUseId: 't',
  input: { command: 'ls' },
  grants: [{ type: 'addRules', behavior: 'allow', rules: [{ toolName: 'Bash', ruleContent: 'ls' }] }],
};
const question: SessionAsk = {
  kind: 'question',
  toolUseId: 'q',
  questions: [
    { question: 'Which?', header: 'Way', multiSelect: false, options: [{ label: 'Short', description: '' }] },
  ],
};
const plan: SessionAsk = { kind: 'plan', toolUseId: 'p', plan: '# Plan' };
const elicitation: SessionAsk = { kind: 'elicitation', server: 's', message: 'Open it', url: 'https://example.com' };
const word = (name: string, required = false): Element => ({
  type: 'textarea',
  name,
  label: null,
  value: null,
  required,
  placeholder: null,
  rows: null,
  max_length: null,
});

/** Somebody at a terminal, and the API they speak to. */
async function setUp(edit: (text: string) => string = (text) => text) {
  const recorder = await createRecorder();
  const shown = { text: '', prompt: '', left: 0 };
  const surface = {
    terminal: { isTerminal: false, out() {}, err() {} },
    width: 100,
    print: (text: string) => {
      shown.text += text;
    },
  };
  const desk = createDesk();
  const sessions = createSessions();
  const live = createLiveText({ stream() {}, endStream() {}, peek() {}, giveUp() {} });
  const view = createView(surface, live);
  const control = createControl({
    execution: ids.execution,
    connect: () => Promise.resolve(recorder.api),
    desk,
    sessions,
    view,
    surface,
    edit: (text) => Promise.resolve(edit(text)),
    setPrompt: (prompt) => {
      shown.prompt = prompt;
    },
    leave: () => {
      shown.left += 1;
    },
  });
  let last = 0;
  const take = (event: Event) => {
    const open = desk.take(event);
    sessions.take(event);
    view.event(event, event, open);
    if (open !== undefined && desk.isOpen(open.request)) view.request(open);
    control.changed();
    return open;
  };
  const newId = () => {
    last += 1;
    return idSchema.parse(`019a0000-0000-7000-8000-0000000001${String(last).padStart(2, '0')}`);
  };
  take({ seq: 1, at, kind: 'session', payload: { session, state: 'ready' } });
  return {
    recorder,
    shown,
    ask: (ask: SessionAsk) => take({ seq: 1, at, kind: 'request', payload: { request: newId(), session, ask } }),
    lock: (name: string, elements: Element[]) =>
      take({ seq: 1, at, kind: 'lock', payload: { request: newId(), name, elements } }),
    end: (request = ids.request) =>
      take({ seq: 1, at, kind: 'answer', payload: { request, session, outcome: 'answered', by: 'bob' } }),
    begin: () => control.begin(),
    enter: (line: string) => control.line(line),
    async line(line: string) {
      control.begin();
      await control.line(line);
    },
    /** A command that asks, and what each prompt is answered with. */
    async dialog(first: string, ...steps: [prompt: string, line: string][]) {
      control.begin();
      const done = control.line(first);
      for (const [prompt, line] of steps) {
        await vi.waitFor(() => expect(shown.prompt).toBe(prompt), { interval: 1 });
        void control.line(line);
      }
      await done;
    },
  };
}

test('A15: words never decide anything, whatever they say', async () => {
  const { recorder, ask, line } = await setUp();
  for (const each of [grants, plan, question, elicitation]) ask(each);
  for (const words of ['yes', 'y', 'allow', 'ok', '1', '::allow 1', 'allow 1', '/allow', 'x\n:allow 1'])
    await line(words);
  expect(recorder.calls).toHaveLength(9);
  expect(recorder.calls.filter((call) => !call.startsWith(`POST /sessions/${session}/messages`))).toEqual([]);
  expect(recorder.calls[5]).toBe(`POST /sessions/${session}/messages {"text":":allow 1"}`);
});

test('a request is decided by its command', async () => {
  const { recorder, ask, line, shown } = await setUp();
  const [tool, planned] = [ask(grants), ask(plan)];
  expect(shown.prompt).toBe('[1,2] say› ');
  await line(':allow');
  expect(shown.text).toContain('Which one? — several are open: 1, 2');
  await line(':allow 1');
  await line(':always 1');
  await line(':deny 1 not like that');
  await line(':deny! 1');
  await line(':always 2');
  await line(':allow 2 default');
  await line(':deny 2');
  expect(shown.text).toContain('Say what to change');
  await line(':deny 2 more tests');
  await line(':allow 1 yes');
  await line(':answer 1');
  expect(recorder.calls).toEqual(
    [
      [tool, { decision: 'allow' }],
      [tool, { decision: 'allow', remember: true }],
      [tool, { decision: 'deny', message: 'not like that' }],
      [tool, { decision: 'deny', interrupt: true }],
      [planned, { decision: 'allow', permissionMode: 'acceptEdits' }],
      [planned, { decision: 'allow', permissionMode: 'default' }],
      [planned, { decision: 'deny', message: 'more tests' }],
    ].map(
      ([open, inputs]) =>
        `POST /requests/${(open as { request: string }).request}/answer ${JSON.stringify({ inputs })}`,
    ),
  );
});

test('a tool is allowed as edited, and not when nothing was changed or it cannot be read', async () => {
  const texts = ['{', '{"command":"pwd"}', '{"command":"ls"}'];
  const opened: string[] = [];
  const { recorder, ask, line, shown } = await setUp((text) => {
    opened.push(text);
    return texts.shift() ?? '';
  });
  ask(grants);
  await line(':edit');
  expect(shown.text).toContain('It cannot be used as input');
  await line(':edit');
  expect(opened).toEqual(['{\n  "command": "ls"\n}\n', '{']);
  expect(shown.text).toContain('│ +   "command": "pwd"');
  await line(':edit');
  expect(shown.text).toContain('Nothing was changed');
  expect(recorder.calls.map((call) => call.replace(/^\S+ \S+ /, ''))).toEqual([
    '{"inputs":{"decision":"allow","updatedInput":{"command":"pwd"}}}',
  ]);
});

test('a line is the reply to the form for one, not to one that came meanwhile unless it is that of the conversation', async () => {
  const { recorder, lock, begin, enter, line, shown } = await setUp();
  begin();
  const agree = lock('agree', [word('why'), { type: 'submit', text: 'Pay' }]);
  await enter('hello');
  expect(shown.text).toContain('A form came while you typed');
  await line('because');
  expect(recorder.calls).toEqual([`POST /requests/${agree?.request}/answer {"inputs":{"why":"because"}}`]);
});

test('a reply to Claude is one whenever it was begun', async () => {
  const { recorder, lock, begin, enter, shown } = await setUp();
  begin();
  const reply = lock('claude-input', [word('response'), { type: 'submit', text: 'Send' }]);
  expect(shown.prompt).toBe('reply› ');
  await enter('hello');
  expect(recorder.calls).toEqual([`POST /requests/${reply?.request}/answer {"inputs":{"response":"hello"}}`]);
});

test('a form is filled in step by step, or left, also when somebody else answers it', async () => {
  const { recorder, lock, dialog, shown, end, enter, begin } = await setUp();
  const form = lock('order', [word('what', true), word('note'), { type: 'submit', text: 'Order' }]);
  const send = 'Enter: Order, :back gives up› ';
  await dialog(':answer', ['what› ', ''], ['what› ', 'tea'], ['note› ', ':none'], [send, '']);
  expect(shown.text).toContain('✗ A value is required');
  expect(recorder.calls).toEqual([`POST /requests/${form?.request}/answer {"inputs":{"what":"tea","note":""}}`]);
  await dialog(':answer', ['what› ', ':back']);
  begin();
  const done = enter(':answer');
  await vi.waitFor(() => expect(shown.prompt).toBe('what› '));
  end(form?.request);
  await done;
  expect(shown.text).toContain('[1] is not open any more');
  expect(recorder.calls).toHaveLength(1);
});

test('what the host refuses is explained, field by field', async () => {
  const { recorder, ask, line, shown } = await setUp();
  ask(elicitation);
  recorder.refuse(422, { code: 'invalid_inputs', title: 'T', detail: 'd', fix: 'f', fields: { a: ['is \x1b[2Jodd'] } });
  await line(':answer');
  expect(shown.text).toContain('a: is ␛[2Jodd');
  await line(':deny');
  expect(recorder.calls.at(-1)).toContain('{"inputs":{"action":"decline"}}');
});

test('the conversation is steered, and the execution ended only when that is said twice', async () => {
  const { recorder, line, shown } = await setUp();
  await line(':interrupt');
  await line(':mode plan');
  await line(':model -');
  await line(':effort high');
  await line(':effort 7');
  await line(':mode bypassPermissions');
  await line(':cancel');
  await line(':help');
  await line(':cancel');
  await line(':cancel');
  await line(':quit');
  await line(':frob');
  expect(recorder.calls).toEqual([
    `POST /sessions/${session}/interrupt`,
    `PATCH /sessions/${session} {"permissionMode":"plan"}`,
    `PATCH /sessions/${session} {"model":null}`,
    `PATCH /sessions/${session} {"effort":"high"}`,
    `POST /executions/${ids.execution}/cancel`,
  ]);
  expect(shown.left).toBe(1);
  expect(shown.text).toContain('There is no such command — :frob');
});
