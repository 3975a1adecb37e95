import type { JsonObject } from '@airlock/protocol/json';
import { describe, expect, it } from 'vitest';
import { form } from './form.ts';
import { missingTool } from './missing.ts';
import { defineService } from './service.ts';
import { ServiceTest } from './testing.ts';

const service = defineService({
  name: 'builder',
  title: 'Builder',
  description: '',
  form: form({}),
  run: async (ctx) => {
    await ctx.session('main', { tools: { report_missing: missingTool({ answerMs: 1_000_000 }) } });
    await ctx.lock('end', form({}));
  },
});

const jq = { name: 'jq', manager: 'apt', why: 'It reads\n# JSON', workaround: 'Use python3' };

/** What people were asked, and what Claude was told. */
async function report(input: object, answer: object = { decision: 'go on' }) {
  const test = new ServiceTest(service, { answers: { missing: [answer as JsonObject] } });
  const told = await test.useTool('report_missing', input as JsonObject);
  const asked = test.log.flatMap((entry) =>
    entry.type === 'call' && entry.call.kind === 'lock' && entry.call.name === 'missing' ? [entry.call] : [],
  );
  return { told, texts: asked.flatMap((lock) => lock.elements.flatMap((each) => ('text' in each ? [each.text] : []))) };
}

describe('what the image lacks', () => {
  it('is told to people with how to add it, and they decide that Claude goes on without it', async () => {
    const { told, texts } = await report(jq);
    expect(told).toEqual({ text: 'It stays missing. Go on without it, as you have said.', isError: false });
    expect(texts.join('\n')).toContain('\nRUN apt-get update -q && apt-get install -qy --no-install-recommends jq\n');
  });

  it('ends what Claude does, if people say so', async () => {
    const { told } = await report(jq, { decision: 'stop', note: 'Tomorrow' });
    expect(told.text).toBe(
      'It stays missing, and you are not to work around it. End here and say what is left to do. They say: Tomorrow',
    );
  });

  it('comes from Claude, and is shown as text', async () => {
    const { texts } = await report({ ...jq, name: '@scope/a_b', manager: 'npm', why: '**Trust me**\n```\n![x](y)' });
    expect(texts).toContain('````text\n**Trust me**\n```\n![x](y)\n````');
    expect(texts[0]).toContain('**\\@scope\\/a\\_b**');
  });

  it.each(['jq; rm -rf /', '$(id)', 'a b', "x'y", ''])('has the name of a package: %j is none', async (name) => {
    expect(await report({ ...jq, name })).toMatchObject({ told: { isError: true }, texts: [] });
  });

  it('may have a version, which a shell does not read', async () => {
    const { texts } = await report({ ...jq, name: 'pandas>=2', manager: 'pip' });
    expect(texts.join('\n')).toMatch(/pip install --break-system-packages 'pandas>=2'\n/);
  });
});
