import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextEntries, packContext } from './build-context.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airlock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function pack(files: Record<string, string>): Promise<Record<string, string>> {
  writeFileSync(join(folder, 'node'), 'NODE');
  writeFileSync(join(folder, 'claude'), 'CLAUDE');
  const entries = contextEntries({
    files: Object.entries(files).map(([path, content]) => ({ path, content: Buffer.from(content) })),
    node: join(folder, 'node'),
    claude: join(folder, 'claude'),
    runner: [
      { name: 'main.mjs', code: 'RUNNER' },
      { name: 'rest.mjs', code: 'REST' },
    ],
  });
  const found: Record<string, string> = {};
  const tar = packContext(entries).pipe(extract());
  for await (const entry of tar) {
    const { name, mode = 0, uid, linkname } = entry.header;
    let body = '';
    for await (const chunk of entry) body += String(chunk);
    found[name] = `${mode.toString(8)} ${uid} ${linkname ?? body}`;
  }
  return found;
}

describe('packContext', () => {
  it('gives programs modes that can be run and not read', async () => {
    const found = await pack({});
    expect(found['programs/app/bin/node']).toBe('111 0 NODE');
    expect(found['programs/app/bin/claude']).toBe('111 0 CLAUDE');
    expect(found['programs/usr/local/bin/node']).toBe('777 0 /app/bin/node');
    expect(found['rootfs/app/runner/main.mjs']).toBe('444 0 RUNNER');
    expect(found['rootfs/app/runner/rest.mjs']).toBe('444 0 REST');
  });

  it('puts the configuration where the CLI looks, readable and owned by root', async () => {
    const found = await pack({
      'image/template_user/.claude/settings.json': '{}',
      'image/project/CLAUDE.md': 'rules',
      'image/etc/gitconfig': '[safe]',
      'image/bridge.c': 'int main;',
      'image/Containerfile': 'FROM x',
    });
    expect(found['rootfs/app/template_user/.claude/settings.json']).toBe('444 0 {}');
    expect(found['rootfs/app/project/CLAUDE.md']).toBe('444 0 rules');
    expect(found['rootfs/etc/gitconfig']).toBe('444 0 [safe]');
    expect(found['bridge.c']).toBe('444 0 int main;');
    expect(found.Containerfile).toBe('444 0 FROM x');
    expect(found['rootfs/app/template_user/.claude.json']).toBe('444 0 {}\n');
  });

  it('fails when a program cannot be read', async () => {
    const stream = packContext([{ kind: 'file', name: 'x', mode: 0o111, source: join(folder, 'missing') }]);
    await expect(stream.toArray()).rejects.toThrow('ENOENT');
  });
});
