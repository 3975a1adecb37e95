import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import type { Cloned } from './clone.ts';

/** A tar with the `.git` of a workspace: objects of a clone, and a configuration that knows no token. */
export function workspaceGit(folder: string, url: string, { branch, commit }: Cloned): Readable {
  const tar = pack();
  fill(tar, folder, textsOf(url, branch, commit)).then(
    () => tar.finalize(),
    (error: Error) => tar.destroy(error),
  );
  return Readable.from(tar, { objectMode: false });
}

async function fill(tar: Pack, folder: string, texts: Readonly<Record<string, string>>): Promise<void> {
  const folders = ['', 'objects', 'objects/pack', 'objects/info', 'refs', 'refs/heads', 'refs/tags', 'info'];
  for (const name of folders) tar.entry({ name: `.git/${name}`, type: 'directory', mode: 0o755 });
  for (const [name, text] of Object.entries(texts)) tar.entry({ name: `.git/${name}`, mode: 0o644 }, text);
  const packs = join(folder, 'objects', 'pack');
  for (const name of await readdir(packs)) {
    if (!/^pack-[0-9a-f]+\.(pack|idx|rev)$/.test(name)) continue;
    const { size } = await stat(join(packs, name));
    const entry = tar.entry({ name: `.git/objects/pack/${name}`, size, mode: 0o444 });
    await pipeline(createReadStream(join(packs, name)), entry);
  }
}

function textsOf(url: string, branch: string | null, commit: string): Record<string, string> {
  const config = [
    '[core]',
    '\trepositoryformatversion = 0',
    '\tfilemode = true',
    '\tbare = false',
    '\tlogallrefupdates = true',
    '[remote "origin"]',
    `\turl = ${quoted(url)}`,
    '\tfetch = +refs/heads/*:refs/remotes/origin/*',
  ];
  if (branch !== null) config.push(`[branch ${quoted(branch)}]`, '\tremote = origin', `\tmerge = refs/heads/${branch}`);
  const refs = branch === null ? [] : [`refs/heads/${branch}`, `refs/remotes/origin/${branch}`];
  return {
    config: `${config.join('\n')}\n`,
    HEAD: branch === null ? `${commit}\n` : `ref: refs/heads/${branch}\n`,
    'packed-refs': `# pack-refs with: sorted \n${refs.map((ref) => `${commit} ${ref}\n`).join('')}`,
    // What people give and get is no part of the repository.
    'info/exclude': '/in/\n/out/\n',
  };
}

const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
