import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder = '';
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-sim-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

function run(...args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { stdio: 'pipe' });
  children.push(child);
  return child;
}

describe('model-sim program', () => {
  it('says where it listens, answers by its script, records, and ends with its owner', async () => {
    const [script, record] = [join(folder, 's.yaml'), join(folder, 'r.ndjson')];
    await writeFile(script, 'scenarios: [{ steps: [{ say: scripted }] }]');
    const child = run('--script', script, '--record', record);
    const [line] = await once(createInterface(child.stdout), 'line');
    const { url, port } = JSON.parse(String(line));
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const body = JSON.stringify({ model: 'm', max_tokens: 100, messages: [{ role: 'user', content: 'go' }] });
    expect(await (await fetch(`${url}/v1/messages`, { method: 'POST', body })).text()).toContain('scripted');
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(JSON.parse(await readFile(record, 'utf8'))).toMatchObject({ outcome: { kind: 'answered' } });
  });

  it('explains a script that it cannot use', async () => {
    const script = join(folder, 's.yaml');
    await writeFile(script, 'scenarios: []');
    const child = run('--script', script);
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(text).toContain(`${script}:1:12: scenarios: `);
  });
});
