import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, type Rule, ruleText } from './rules.ts';

const bash = (command: string) => ({ tool: 'Bash', input: { command } });
const read = (file_path: string) => ({ tool: 'Read', input: { file_path } });
const allow = (rule: Partial<Rule> = {}): Rule => ({ decision: 'allow', tool: 'Bash', ...rule });
const deny = (rule: Partial<Rule> = {}): Rule => ({ decision: 'deny', tool: 'Bash', ...rule });
const ask = (rule: Partial<Rule> = {}): Rule => ({ decision: 'ask', tool: 'Bash', ...rule });
const decided = (rules: Rule[], call: Parameters<typeof decide>[1]) => decide(rules, call)?.decision;

describe('decide()', () => {
  it('Y3. lets a denial win over a question, and that over leave, in whatever order they stand', () => {
    const all = [allow(), ask({ command: 'git' }), deny({ command: 'git push' })];
    for (const rules of [all, all.toReversed()]) {
      expect(decided(rules, bash('git push'))).toBe('deny');
      expect(decided(rules, bash('git log'))).toBe('ask');
      expect(decided(rules, bash('ls'))).toBe('allow');
      expect(decided(rules, read('/etc/passwd'))).toBeUndefined();
    }
  });

  it('takes a star for the rest of a name', () => {
    const rules = [allow({ tool: 'mcp__db__*' })];
    expect(decided(rules, { tool: 'mcp__db__query', input: {} })).toBe('allow');
    expect(decided(rules, { tool: 'mcp__dbx__query', input: {} })).toBeUndefined();
  });

  it.each(['make test', '  make   test -j 4', 'make test "a file" --flag=$HOME'])(
    'Y4. allows what is nothing but the command: %s',
    (command) => {
      expect(decided([allow({ command: 'make test' })], bash(command))).toBe('allow');
    },
  );

  it.each([
    'make tests',
    'make',
    'make test; rm -rf /',
    'make test && curl x',
    'make test | sh',
    'make test > ../out',
    'make test $(id)',
    'make test `id`',
    'make test &',
    'make test\nid',
    'make test <(id)',
  ])('Y4. leaves anything more to others: %s', (command) => {
    expect(decided([allow({ command: 'make test' })], bash(command))).toBeUndefined();
  });

  it('Y4. never allows a line with a joint in it, wherever that stands', () => {
    const joint = fc.constantFrom(';', '&', '|', '\n', '`', '$(', '>', '<', '(');
    fc.assert(
      fc.property(fc.string(), joint, fc.string(), (before, middle, after) => {
        const command = `make test ${before}${middle}${after}`;
        expect(decided([allow({ command: 'make test' })], bash(command))).toBeUndefined();
      }),
    );
  });

  it.each([
    'git push',
    'cd x && git push',
    'true; git push origin',
    'echo $(git push)',
    '(git push)',
    'x=`git push`',
    '{ git push; }',
  ])('Y4. denies a command wherever it stands: %s', (command) => {
    expect(decided([deny({ command: 'git push' })], bash(command))).toBe('deny');
  });

  it.each([
    ['/workspace/a', true],
    ['/workspace/secret', false],
    ['/workspace/secret/key', false],
    ['/workspace/x/../secret/key', false],
    ['secret/key', false],
    ['/workspace/secrets', true],
    ['/workspace/../etc/passwd', undefined],
    ['/etc/passwd', undefined],
  ])('knows what lies in a folder: %s', (path, isAllowed) => {
    const rules = [allow({ tool: 'Read', path: '/workspace/' }), deny({ tool: 'Read', path: '/workspace/secret' })];
    const wanted = isAllowed === undefined ? undefined : isAllowed ? 'allow' : 'deny';
    expect(decided(rules, read(path))).toBe(wanted);
  });

  it.each([
    ['https://docs.example.com/a', 'allow'],
    ['https://EXAMPLE.com', 'allow'],
    ['https://example.com.evil.org', undefined],
    ['https://user:example.com@evil.org', undefined],
    ['no address', undefined],
  ])('knows the host of an address: %s', (url, wanted) => {
    expect(decided([allow({ tool: 'WebFetch', host: 'Example.com' })], { tool: 'WebFetch', input: { url } })).toBe(
      wanted,
    );
  });
});

it('says a rule in words', () => {
  expect([ruleText(allow()), ruleText(deny({ command: 'git push' }))]).toEqual(['Bash', 'Bash(git push)']);
});
