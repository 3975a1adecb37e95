import { crashMatrix, type End, type Script, ServiceTest, turnFailure } from '@airlock/flow/testing';
import { describe, expect, it } from 'vitest';
import service, { claudeHitl } from './service.ts';

const usage = { inputTokens: 1000, outputTokens: 200, cacheReadTokens: 0, cacheWriteTokens: 0, costMicroUsd: 12_300 };
const replies = (...responses: string[]) => ({ 'claude-input': responses.map((response) => ({ response })) });
const auto = { prompt: 'Build it', completion_mode: 'auto-complete' };

function start(script: Script, options?: Parameters<typeof claudeHitl>[0]): ServiceTest {
  return new ServiceTest(options === undefined ? service : claudeHitl(options), {
    inputs: { prompt: 'Build it' },
    ...script,
  });
}

async function finalOf(ended: Promise<End>): Promise<string> {
  const end = await ended;
  return end.status === 'finished' && end.final.type === 'markdown' ? end.final.body : `not finished: ${end.status}`;
}

const said = (test: ServiceTest) =>
  test.log.flatMap((entry) => (entry.type === 'call' && entry.call.kind === 'session_send' ? [entry.call.text] : []));
const opened = (test: ServiceTest) =>
  test.log.flatMap((entry) =>
    entry.type === 'call' && entry.call.kind === 'session_open' ? [entry.call.options] : [],
  );
const asked = (test: ServiceTest) =>
  test.log.flatMap((entry) => (entry.type === 'call' && entry.call.kind === 'lock' ? [entry.call] : []));

describe('claude-hitl', () => {
  it('asks for a prompt, and for the completion mode with continuous as default', () => {
    const fields = service.manifest.elements.flatMap((element) => ('name' in element ? [element] : []));
    expect(fields).toMatchObject([
      { type: 'textarea', name: 'prompt', required: true, max_length: 100_000 },
      { type: 'file', name: 'files', required: false, multiple: true },
      { type: 'select', name: 'completion_mode', value: 'continuous' },
    ]);
  });

  it('passes each reply to Claude until the person ends it, and sums up', async () => {
    const test = start({ answers: replies(' And tests ', ' Done\n'), session: (text) => ({ text, usage }) });
    const final = await finalOf(test.ended);
    expect(said(test)).toEqual(['Build it', 'And tests']);
    expect(final).toContain('You ended the conversation.');
    expect(final).toContain('| Turns | 2 |');
    expect(final).toContain('| Time | 1 s |');
    expect(final).toContain('| Cost | $0.0246 |');
    expect(final).toContain('| Tokens in | 2,000 (from cache 0, to cache 0) |');
    expect(final).toContain('| Tokens out | 400 |');
    expect(test.log.at(-3)?.key).toBe('main/session_end/main#0');
  });

  it('asks for the next reply after a turn that was stopped, in either mode', async () => {
    for (const inputs of [{ prompt: 'Build it' }, auto]) {
      const stopped = { text: '', usage, interrupted: true as const };
      const test = start({ inputs, answers: replies('Go on', 'done'), session: () => stopped });
      await test.finish();
      expect(said(test)).toEqual(['Build it', 'Go on']);
      expect(await finalOf(test.ended)).toContain('You ended the conversation.');
    }
  });

  it('tells Claude which files came with the prompt and with a reply, a reply of files alone included', async () => {
    const given = (path: string) => ({
      upload: '00000000-0000-4000-8000-000000000001',
      name: path.slice(3),
      size: 1,
      type: '',
      sha256: '0'.repeat(64),
      path,
    });
    const test = start({
      inputs: { prompt: 'Read it', files: [given('in/a.txt')] },
      answers: { 'claude-input': [{ response: ' ', files: [given('in/b c.txt')] }, { response: 'done' }] },
    });
    await test.ended;
    expect(said(test)).toEqual([
      'Read it\n\nFiles that come with this:\n- /workspace/in/a.txt',
      'Files that come with this:\n- /workspace/in/b c.txt',
    ]);
    expect(opened(test)[0]?.appendSystemPrompt).toContain('/workspace/out');
  });

  it.each(['done', 'EXIT', ' quit ', 'Stop\n'])('ends on %j', async (word) => {
    const test = start({ answers: replies(word) });
    expect(await finalOf(test.ended)).toContain('| Turns | 1 |');
  });

  it('goes on when an ending word is only part of the reply', async () => {
    const test = start({ answers: replies('stop the server', 'done') });
    await test.ended;
    expect(said(test)).toEqual(['Build it', 'stop the server']);
  });

  it('asks again, saying so, when the reply is empty', async () => {
    const test = start({ answers: { 'claude-input': [{ response: ' \n' }, {}, { response: 'done' }] } });
    await test.ended;
    const texts = asked(test).map(({ elements }) => (elements[0]?.type === 'markdown' ? elements[0].text : ''));
    expect(texts.map((text) => text.includes('Your reply was empty'))).toEqual([false, true, true]);
    expect(texts[0]).toContain('`done`, `exit`, `quit`, `stop`');
    expect(said(test)).toEqual(['Build it']);
  });

  it('ends at the turn limit without asking once more', async () => {
    const test = start({ answers: replies('a', 'b', 'c') }, { maxTurns: 3 });
    expect(await finalOf(test.ended)).toContain('The limit of 3 turns was reached.');
    expect(asked(test)).toHaveLength(2);
  });

  it('ends with a summary when nobody answers in time', async () => {
    const test = start({ answers: { 'claude-input': ['expire'] } }, { answerMs: 90 * 60_000 });
    expect(await finalOf(test.ended)).toContain('Nobody answered within 1 h 30 min.');
    expect(asked(test)[0]?.expiresMs).toBe(90 * 60_000);
  });

  it('gives a person 7 days and a silent turn 11 minutes', async () => {
    const test = start({ answers: replies('done') });
    await test.ended;
    expect(asked(test)[0]?.expiresMs).toBe(604_800_000);
    expect(opened(test)).toMatchObject([{ answerMs: 604_800_000, stallMs: 660_000 }]);
  });

  it('says that the cost is unknown when one turn of it is', async () => {
    const costs = [10, null];
    const session = (_: string, turn: number) => ({ usage: { ...usage, costMicroUsd: costs[turn] ?? null } });
    const test = start({ answers: replies('more', 'done'), session });
    expect(await finalOf(test.ended)).toContain('| Cost | unknown |');
  });

  it.each([0, 1])('ends as an error when turn %i fails', async (failing) => {
    const session = (_: string, turn: number) => (turn === failing ? turnFailure('model_key_refused') : 'ok');
    const end = await start({ answers: replies('more'), session }).ended;
    expect(end).toMatchObject({ status: 'error', error: { code: 'model_key_refused' } });
  });
});

describe('claude-hitl in auto-complete mode', () => {
  it('asks Claude for the marker, hides it, and ends when Claude writes it on a line of its own', async () => {
    const turns = ['Which port? (I write [TASK_COMPLETE] when done)', 'Done.\n\n[TASK_COMPLETE]\n'];
    const test = start({ inputs: auto, answers: replies('80'), session: (_, turn) => turns[turn] ?? '' });
    const final = await finalOf(test.ended);
    expect(final).toContain('Claude says the task is complete.');
    expect(final).toContain('| Turns | 2 |');
    expect(opened(test)[0]?.hiddenLines).toEqual(['[TASK_COMPLETE]']);
    expect(opened(test)[0]?.appendSystemPrompt).toContain('\n[TASK_COMPLETE]\n');
  });

  it('lets the person end it, too', async () => {
    expect(await finalOf(start({ inputs: auto, answers: replies('exit') }).ended)).toContain('You ended');
  });

  it('is off by default: the marker means nothing then', async () => {
    const test = start({ answers: replies('done'), session: () => '[TASK_COMPLETE]' });
    expect(await finalOf(test.ended)).toContain('You ended the conversation.');
    expect(opened(test)[0]?.appendSystemPrompt).not.toContain('[TASK_COMPLETE]');
  });
});

describe('claude-hitl under crashes', () => {
  it('ends the same, and says each thing to Claude once, wherever its process is killed', async () => {
    const script = {
      inputs: auto,
      answers: replies('', 'two', 'three'),
      session: (text: string, turn: number) => ({ text: turn === 2 ? '[TASK_COMPLETE]' : text, usage }),
    };
    const [whole, ...crashed] = await crashMatrix(service, script);
    expect(whole?.end.status).toBe('finished');
    expect(crashed.length).toBeGreaterThan(20);
    for (const { crashAt, runs, end, log } of crashed) {
      expect({ crashAt, runs, end, log }).toEqual({ crashAt, runs: 2, end: whole?.end, log: whole?.log });
    }
  });
});
