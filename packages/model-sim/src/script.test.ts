import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseScript, ScriptError } from './script.ts';

function problem(yaml: string): string {
  try {
    parseScript(yaml, 'talk.yaml');
  } catch (error) {
    if (error instanceof ScriptError) return error.message;
  }
  return 'no ScriptError';
}

describe('parseScript()', () => {
  it('reads the example that the README names', () => {
    const yaml = readFileSync(new URL('./scripts/example.yaml', import.meta.url), 'utf8');
    const ids = parseScript(yaml, 'example.yaml').map((placed) => placed.id);
    expect(ids).toEqual(['example.yaml#denied', 'example.yaml#note', 'example.yaml#memory', 'example.yaml#busy']);
  });

  it('names file, line, path and problem', () => {
    expect(problem('scenarios:\n  - steps:\n      - say: hi\n        cut: { at: piece, block: 3, piece: 0 }')).toBe(
      'talk.yaml:4:34: scenarios[0].steps[0].cut.block: there is no such block; the last is 0',
    );
    expect(problem('scenarios:\n  - steps: [{ say: "{{nobody}}" }]')).toMatch(
      /^talk\.yaml:2:20: scenarios\[0\]\.steps\[0\]\.say: unknown placeholder \{\{nobody\}\}/,
    );
    expect(problem('scenarios: [{ steps: [{ say: a, blocks: [{ text: b }] }] }]')).toContain(
      'give either say or blocks',
    );
    expect(problem('scenarios: [{ steps: [{ blocks: [{ text: a, thinking: b }] }] }]')).toContain('give one of text');
  });

  it('refuses what is not YAML, unknown keys and bombs of aliases', () => {
    expect(problem('a: [')).toMatch(/^talk\.yaml: not YAML/);
    expect(problem('scenarios: [{ stepps: [] }]')).toContain('stepps');
    const bomb = [
      'a: &a [x]',
      ...[...'bcdefgh'].map((key, at) => `${key}: &${key} [${`*${'abcdefgh'[at]},`.repeat(9)}]`),
    ];
    expect(problem(bomb.join('\n'))).toMatch(/alias/i);
  });

  it('refuses a pattern that could run for ages', () => {
    const problems = ['(a+)+$', '((a)*b?)*', '(a|a)*', '(\\w+)\\1', '('].map((pattern) =>
      problem(`scenarios: [{ when: { matches: '${pattern}' }, steps: [{ say: a }] }]`),
    );
    for (const text of problems) expect(text).toContain('scenarios[0].when.matches');
    expect(
      parseScript("scenarios: [{ when: { matches: '^(one|two) [a-z]+$' }, steps: [{ say: a }] }]", 'f'),
    ).toHaveLength(1);
  });

  it('lets a step that always fails say nothing', () => {
    expect(parseScript('scenarios: [{ steps: [{ error: { status: 403 } }] }]', 'f')).toHaveLength(1);
    expect(problem('scenarios: [{ steps: [{ error: { status: 403, times: 1 } }] }]')).toContain('say or blocks');
  });
});
