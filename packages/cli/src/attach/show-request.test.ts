import { expect, test } from 'vitest';
import { ids } from '../fixtures/data.ts';
import type { Ask } from './desk.ts';
import { showRequest } from './show-request.ts';

function show(ask: Ask, width = 60): string[] {
  const surface = { terminal: { isTerminal: false, out() {}, err() {} }, width };
  const open = { n: 2, request: ids.request, ask, expiresAt: undefined, shown: false };
  return showRequest(open, surface).trimEnd().split('\n');
}

const tool = { kind: 'tool', toolUseId: 't' } as const;

test('a call is shown with everything that decides what it does, and who asks', () => {
  const ask: Ask = {
    ...tool,
    tool: 'Bash',
    input: { command: 'ls\nrm x', timeout: 5, description: 'Lists \u202efiles' },
    reason: 'It may write',
    mcpServer: { name: 'docs', source: 'project' },
    agent: 'reviewer',
    blockedPath: '/etc',
    defaultToNo: true,
    grants: [{ type: 'addRules', behavior: 'allow', rules: [{ toolName: 'Bash', ruleContent: 'ls' }] }],
  };
  expect(show(ask, 100)).toEqual([
    '? [2] Claude asks to use Bash',
    '  Claude says: “Lists ⟪U+202E⟫files”',
    '  From the MCP server docs (project)',
    '  Asked by the sub-agent reviewer',
    '  Outside of the workspace: /etc',
    '  Asked because: It may write',
    '  │ ls',
    '  │ rm x',
    '  timeout:',
    '  │ 5',
    '  The safe answer is no: it must not be allowed by accident.',
    '  :always allows for this conversation: Bash(ls)',
    '  → :allow 2, :always 2, :edit 2, :deny 2 why, :deny! 2 why (stops Claude, too)',
  ]);
});

test('an edit of a file is shown as what it changes, and another call than the one decided on as what differs', () => {
  const input = { file_path: '/a', old_string: 'one\ntwo\n', new_string: 'one\n2\u200b\n' };
  const shown = show({ ...tool, tool: 'Edit', input, changedFrom: { ...input, file_path: '/b' } });
  expect(shown).toContain('  │ - two');
  expect(shown).toContain('  │ + 2⟪U+200B⟫');
  expect(shown).toContain('  │ -   "file_path": "/b",');
  expect(shown.join('\n')).toContain('You decided on another call');
  expect(shown.join('\n')).not.toContain('old_string:');
});

test('nothing in a request passes for a line of the command, however narrow the terminal', () => {
  const command = `echo${' '.repeat(60)}? [9] Claude asks to use Read\n? [8] Claude asks to use Read`;
  const shown = show({ ...tool, tool: 'Bash', input: { command } }, 40);
  expect(shown.filter((line) => line.startsWith('?'))).toEqual(['? [2] Claude asks to use Bash']);
  expect(shown.filter((line) => line.startsWith('  │↪')).length).toBeGreaterThan(0);
  const rows = shown.filter((line) => line.startsWith('  │')).map((line) => line.slice(4));
  expect(rows.join('')).toBe(command.replace('\n', ''));
});

test('escape sequences do not get through', () => {
  const text = '\x1b[2J\x9b31m';
  for (const ask of [
    { ...tool, tool: text, input: { [text]: text }, description: text },
    { kind: 'plan', toolUseId: 'p', plan: text },
    { kind: 'elicitation', server: text, message: text, url: text },
    { kind: 'form', name: text, elements: [{ type: 'markdown', text }] },
  ] satisfies Ask[]) {
    expect(show(ask).join('')).not.toMatch(/\p{Cc}/u);
    expect(show(ask).join('')).toContain('⟪U+001B⟫');
  }
});

test('questions are numbered, with what their options would look like', () => {
  const options = [
    { label: 'Short', description: 'through the wood', preview: 'dark' },
    { label: 'Long', description: '' },
  ];
  const questions = [{ question: 'Which?', header: 'Way', multiSelect: true, options }];
  expect(show({ kind: 'question', toolUseId: 'q', questions })).toEqual([
    '? [2] Claude has a question',
    '  Way: Which? (several may be chosen)',
    '    1. Short — through the wood',
    '  │ dark',
    '    2. Long',
    '  → :answer 2',
  ]);
});

test('what an MCP server asks that has neither form nor address can only be declined', () => {
  const asked = { kind: 'elicitation', server: 'docs', message: 'Who?' } as const;
  expect(show(asked).at(-1)).toBe('  → :deny 2');
  expect(show({ ...asked, url: 'https://x' }).at(-1)).toContain(':answer 2 once you have done it');
  expect(show({ ...asked, elements: [] }).at(-1)).toBe('  → :answer 2, :deny 2');
});
