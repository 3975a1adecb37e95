import { PassThrough, Writable } from 'node:stream';
import xterm from '@xterm/headless';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createScreen } from './screen.ts';

const [columns, rows] = [30, 12];

/** A screen on a terminal in memory. */
function setUp() {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    scrollback: 100,
    allowProposedApi: true,
    convertEol: true,
  });
  const input = Object.assign(new PassThrough(), {
    isRaw: false,
    setRawMode: (on: boolean) => {
      input.isRaw = on;
    },
  });
  const output = Object.assign(
    new Writable({ write: (chunk: Buffer, _encoding, done) => terminal.write(chunk, done) }),
    { columns },
  );
  const seen = { begun: 0, left: 0, lines: [] as string[] };
  const screen = createScreen(
    { input, output },
    {
      onBegin: () => {
        seen.begun += 1;
      },
      onLine: (line) => void seen.lines.push(line),
      onLeave: () => {
        seen.left += 1;
      },
    },
  );
  onTestFinished(() => screen.close());
  const text = () => {
    const { active } = terminal.buffer;
    return Array.from({ length: active.length }, (_, at) => active.getLine(at)?.translateToString(true).trimEnd() ?? '')
      .join('\n')
      .trimEnd();
  };
  const cursor = () => {
    const { active } = terminal.buffer;
    return [active.cursorX, active.baseY + active.cursorY];
  };
  const shows = (expected: string) => vi.waitFor(() => expect(text()).toBe(expected), { interval: 1 });
  return { screen, input, output, seen, shows, cursor };
}

test('A14: text goes by above the line being typed, which stays whole with its cursor', async () => {
  const { screen, input, shows, cursor } = setUp();
  screen.setPrompt('say› ');
  input.write('hello\x1b[D\x1b[D');
  await shows('say› hello');
  screen.print('one\ntwo\n');
  screen.stream('Once upon a time there was', '● ');
  await shows('one\ntwo\n● Once upon a time there was\nsay› hello');
  screen.stream(' a fox.\n\nThe end', '● ');
  await shows('one\ntwo\n● Once upon a time there was\n  a fox.\n\n  The end\nsay› hello');
  screen.print('between\n');
  screen.endStream();
  input.write('X');
  await shows('one\ntwo\n● Once upon a time there was\n  a fox.\n\nbetween\n  The end\nsay› helXlo');
  expect(cursor()).toEqual([9, 7]);
});

test('A14: a line longer than the screen, and output longer than it, mangle nothing', async () => {
  const { screen, input, shows } = setUp();
  screen.setPrompt('say› ');
  input.write('0123456789'.repeat(4));
  const lines = Array.from({ length: 30 }, (_, at) => `${at}:${'x'.repeat(at * 2)}`);
  for (const line of lines) screen.print(`${line}\n`);
  screen.peek('thinking about something that is long');
  const peeked = 'inking about something that is long'.slice(-29);
  const cut = lines.flatMap((line) => line.match(/.{1,30}/g) ?? []);
  await shows([...cut, peeked, `say› ${'0123456789'.repeat(3).slice(-24)}`].join('\n'));
  screen.peek('');
  await shows([...cut, `say› ${'0123456789'.repeat(3).slice(-24)}`].join('\n'));
});

test('tells when a line is begun, sent, and when somebody leaves', async () => {
  const { screen, input, seen, shows } = setUp();
  screen.setPrompt('say› ');
  input.write('ab\r');
  await vi.waitFor(() => expect(seen.lines).toEqual(['ab']));
  expect(seen.begun).toBe(1);
  input.write('\x1b[200~c\nd\x1b[201~');
  await shows('say› ab\nsay› c⏎d');
  input.write('\r\x1b[A\x03');
  await vi.waitFor(() => expect(seen).toEqual({ begun: 3, left: 1, lines: ['ab', 'c\nd'] }));
});

test('a secret is neither shown nor remembered', async () => {
  const { screen, input, seen, shows } = setUp();
  screen.setPrompt('password› ', true);
  input.write('pass');
  await shows('password› ••••');
  input.write('\r');
  await vi.waitFor(() => expect(seen.lines).toEqual(['pass']));
  screen.setPrompt('say› ');
  input.write('\x1b[A');
  await shows('password› •••\nsay›');
});

test('the terminal is lent, and what is printed meanwhile comes after', async () => {
  const { screen, input, output, shows } = setUp();
  screen.setPrompt('say› ');
  input.write('ab');
  await shows('say› ab');
  expect(input.isRaw).toBe(true);
  await screen.lend(async () => {
    expect(input.isRaw).toBe(false);
    screen.print('meanwhile\n');
    output.write('editor\n');
  });
  expect(input.isRaw).toBe(true);
  input.write('cd');
  await shows('editor\nmeanwhile\nsay› cd');
});

test('what goes wrong is shown beside a text in progress', async () => {
  const { screen, shows } = setUp();
  screen.setPrompt('say› ');
  screen.stream('Once', '● ');
  screen.peek('… lost');
  screen.stream(' upon', '● ');
  await shows('● Once upon\n… lost\nsay›');
  screen.peek('');
  screen.endStream();
  await shows('● Once upon\nsay›');
});

test('is closed while the terminal is lent: nothing of it is left', async () => {
  const { screen, input, shows } = setUp();
  screen.setPrompt('say› ');
  await screen.lend(async () => {
    screen.print('last words\n');
    screen.close();
  });
  expect(input.isRaw).toBe(false);
  await shows('last words');
});
