import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ofKind } from './harness/api.ts';
import { runCommand } from './harness/programs.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { openTerminal, type TestTerminal } from './harness/terminal.ts';

/* A conversation held at a real terminal: what is shown, what a line does, and what it never does. */

const script = `
scenarios:
  - when: { contains: tell me }
    steps:
      - blocks: [{ thinking: "A long or a short one?" }, { text: "Once upon a time there was a fox.", gate: { name: middle, piece: 3 } }]
  - when: { contains: touch a file }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "touch asked.txt\\u200b && ls *.txt", description: "Makes a file" } } }]
      - say: "There is: {{toolResult}}"
  - when: { contains: make a file }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "touch asked.txt && ls *.txt" } } }]
      - say: "There is: {{toolResult}}"
  - when: { contains: which way }
    steps:
      - blocks:
          - tool_use:
              name: AskUserQuestion
              input:
                questions:
                  - question: Which way?
                    header: Way
                    multiSelect: false
                    options: [{ label: Short, description: through the wood }, { label: Long, description: along the river }]
                  - question: What to take?
                    header: Things
                    multiSelect: true
                    options: [{ label: Rope, description: 30 m }, { label: Lamp, description: "" }, { label: Bread, description: "" }]
      - say: "You said: {{toolResult}}"
  - when: { contains: wait for it }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "until [ -e /workspace/go ]; do sleep 0.05; done; echo went" } } }]
      - say: "It {{toolResult}}"
  - when: { equals: "yes" }
    steps: [{ say: "You said yes" }]
`;

let setting: Setting;

beforeAll(async () => {
  setting = await createSetting(script);
});
afterAll(() => setting?.remove());

function attach(id: string): TestTerminal {
  const terminal = openTerminal(setting.host.home, 'attach', id);
  onTestFinished(() => terminal.close());
  return terminal;
}

describe('a conversation at a terminal', () => {
  it('shows text as it comes around what is being typed, and takes the reply', async () => {
    const { api, sim } = setting;
    const id = await api.launch('claude-hitl', { prompt: 'tell me a story' });
    const terminal = attach(id);
    await terminal.sees('● Once');
    expect(terminal.text()).not.toContain('fox');
    terminal.type('the end');
    await terminal.sees(/say› the end$/);
    terminal.type('\u001b[D\u001b[D\u001b[Dx ');
    await terminal.sees(/say› the x end$/);
    sim.control.gates.release('middle');
    await terminal.sees('● Once upon a time there was a fox.');
    await terminal.sees('✻ A long or a short one?');
    await terminal.sees(/— turn ended after .* tokens in, .* out[\s\S]*reply› the x end$/);
    terminal.type('\u0015done');
    await terminal.sees(/reply› doneend$/);
    terminal.type('\u000b\r');
    expect(await terminal.ended).toBe(0);
    expect(terminal.text()).toContain('final: ');
    expect(terminal.text().split('Once upon a time')).toHaveLength(2);
  });

  it('a tool is not allowed by words, only by its command; then it is denied, edited and allowed', async () => {
    const { api } = setting;
    const id = await api.launch('claude-hitl', { prompt: 'touch a file' });
    const terminal = attach(id);
    await terminal.sees('? [1] Claude asks to use Bash');
    await terminal.sees(/\[1\] say›$/);
    expect(terminal.text()).toContain('  Claude says: “Makes a file”');
    expect(terminal.text()).toContain('  │ touch asked.txt⟪U+200B⟫ && ls *.txt');
    terminal.send('yes');
    await terminal.sees('» admin: yes');
    expect((await api.execution(id)).requests.map(({ kind }) => kind)).toEqual(['tool']);
    terminal.send(':allow 7');
    await terminal.sees('there is no open request 7');
    terminal.send(':deny Not with that character');
    await terminal.sees('✓ [1] Bash denied: “Not with that character”, by admin');
    await terminal.sees(/\nreply›$/);
    terminal.send('make a file');
    await terminal.sees('? [3] Claude asks to use Bash');
    terminal.send(':edit 3');
    await terminal.sees('✓ [3] Bash allowed as edited, by admin');
    expect(terminal.text()).toMatch(/│ - {3}"command": "touch asked.txt[\s\S]*│ \+ {3}"command": "touch edited.txt/);
    await terminal.sees('● There is: edited.txt');
    await terminal.sees(/\nreply›$/);
    terminal.send('make a file');
    await terminal.sees('? [5] Claude asks to use Bash');
    terminal.send(':allow');
    await terminal.sees('✓ [5] Bash allowed, by admin');
    await terminal.sees('● There is: asked.txt');
    await terminal.sees(/\nreply›$/);
    terminal.send('done');
    expect(await terminal.ended).toBe(0);
  });

  it('questions are answered step by step, the turn is stopped, and Ctrl-C leaves the execution as it is', async () => {
    const { api } = setting;
    const id = await api.launch('claude-hitl', { prompt: 'which way' });
    const terminal = attach(id);
    await terminal.sees('→ :answer 1');
    terminal.send(':answer');
    await terminal.sees(/answer›$/);
    terminal.send('3');
    await terminal.sees('✗ Expected a number of the options, or your own words');
    terminal.send('2');
    await terminal.sees(/note \(Enter: none\)›$/);
    terminal.send('before night');
    await terminal.sees(/Bread[\s\S]*answer›$/);
    terminal.send('1,3, a map');
    await terminal.sees(/a map\nnote \(Enter: none\)›$/);
    terminal.send('');
    const answer = await api.until(id, ofKind('answer'));
    expect(answer.payload.inputs).toEqual({
      answers: { 'Which way?': 'Long', 'What to take?': 'Rope, Bread, a map' },
      notes: { 'Which way?': 'before night' },
    });
    await terminal.sees(/\nreply›$/);
    terminal.send('wait for it');
    await terminal.sees('until [ -e /workspace/go ]');
    await terminal.sees(/\nsay›$/);
    terminal.send(':mode acceptEdits');
    await terminal.sees('mode: acceptEdits, by admin');
    terminal.send(':interrupt');
    await terminal.sees('session interrupted — by admin');
    await terminal.sees(/\nreply›$/);
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(0);
    expect(terminal.text()).toContain('Left. The execution goes on');
    expect((await api.execution(id)).status).toBe('awaiting');
    expect(await runCommand(setting.host.home, 'cancel', id)).toMatchObject({ code: 0 });
    expect(await runCommand(setting.host.home, 'attach', id)).toMatchObject({ code: 1 });
  });

  it('goes on over a restart of the host, without loss or repeats', async () => {
    const { api, host } = setting;
    const id = await api.launch('claude-hitl', { prompt: 'make a file' });
    const terminal = attach(id);
    await terminal.sees('? [1] Claude asks to use Bash');
    terminal.type('wait');
    await host.kill();
    await terminal.sees('… Connection lost, trying again');
    await terminal.sees(/say› wait$/);
    await host.start();
    await terminal.sees(/session attached[\s\S]*say› wait$/);
    terminal.send('\u0015:allow 1');
    await terminal.sees('● There is: asked.txt');
    await terminal.sees(/\nreply›$/);
    terminal.send('done');
    expect(await terminal.ended).toBe(0);
    for (const once of ['? [1] Claude', '● There is:', 'final: ']) expect(terminal.text().split(once)).toHaveLength(2);
  });
});

describe('without a terminal', () => {
  it('what happens is followed, and words, settings and stops go by commands', async () => {
    const { api, host } = setting;
    const airlock = async (...args: string[]) => {
      const { code, stdout } = await runCommand(host.home, ...args, '--json');
      expect([args[0], code, stdout]).toEqual([args[0], 0, expect.any(String)]);
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    };
    const id = await api.launch('claude-hitl', { prompt: 'wait for it' });
    const { payload } = await api.until(id, ofKind('tool_use'));
    const following = airlock('attach', id);
    expect(await airlock('say', id, 'hurry', 'up')).toEqual([{ session: payload.session, said: true }]);
    expect(await airlock('set', payload.session, '--effort', 'low')).toEqual([
      { session: payload.session, effort: 'low' },
    ]);
    await airlock('interrupt', id);
    const { payload: lock } = await api.until(id, ofKind('lock'));
    expect(await airlock('say', id, 'done')).toEqual([{ request: lock.request, answered: true }]);
    const events = await following;
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
    expect(events.at(-1)).toMatchObject({ kind: 'status', payload: { status: 'finished' } });
    const { code, stdout } = await runCommand(host.home, 'attach', id);
    expect([code, stdout]).toEqual([0, expect.stringContaining('» admin: hurry up')]);
  });
});
