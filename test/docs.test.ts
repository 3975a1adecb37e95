import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parseDotenv } from '@airlock/protocol/dotenv';
import { describe, expect, test } from 'vitest';
import { packageFolders, read, root } from './source/files.ts';

const documents = ['README.md', 'docs/ARCHITECTURE.md', ...packageFolders().map((folder) => `${folder}/README.md`)];
const present = documents.filter((file) => existsSync(join(root, file)));
const generated = /^(\.airlock|node_modules|https?:|#|\/|@)/;

function withoutCodeBlocks(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '');
}

/** Code spans that look like a path of the project, from the root. */
function pathsNamed(text: string): string[] {
  return [...withoutCodeBlocks(text).matchAll(/`([^`\s]+)`/g)]
    .map(([, span]) => span ?? '')
    .filter((span) => /^[\w.-]+\/[\w./-]*$/.test(span) && !generated.test(span));
}

/** Targets of links and images, from the document. */
function linksIn(text: string): string[] {
  return [...withoutCodeBlocks(text).matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)]
    .map(([, link, source]) => (link ?? source ?? '').replace(/#.*$/, ''))
    .filter((link) => link !== '' && !generated.test(link));
}

describe('documents', () => {
  test('the README, the architecture and a README per package exist', () => {
    expect(documents.filter((file) => !present.includes(file))).toEqual([]);
  });

  test.each(['README.md', 'docs/ARCHITECTURE.md'])('every path %s names exists', (file) => {
    expect(pathsNamed(read(file)).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test.each(present)('every link in %s leads somewhere', (file) => {
    const target = (link: string) => join(root, normalize(join(dirname(file), link)));
    expect(linksIn(read(file)).filter((link) => !existsSync(target(link)))).toEqual([]);
  });

  test('every folder of the host is in the architecture', () => {
    const folders = [...read('test/source/layers.ts').matchAll(/^ {2}'?(\w+)'?: \[/gm)].map(([, name]) => name ?? '');
    const text = read('docs/ARCHITECTURE.md');
    const silent = folders.filter(
      (name) => existsSync(join(root, 'packages/host/src', name)) && !text.includes(`\`packages/host/src/${name}/\``),
    );
    expect(silent).toEqual([]);
  });
});

describe('.env.example', () => {
  const text = read('.env.example');

  test('is read without a complaint, and sets nothing by itself', () => {
    expect(parseDotenv(text)).toEqual({ ok: true, values: {} });
  });

  test('every setting in it is well formed', () => {
    const asSet = text.replace(/^# ([A-Z_]+=)/gm, '$1');
    expect(parseDotenv(asSet).ok).toBe(true);
  });

  test('names every setting the host reads', () => {
    const settings = [...read('packages/host/src/config.ts').matchAll(/^ {2}([A-Z][A-Z_]+): z\b/gm)].map(
      ([, name]) => name ?? '',
    );
    expect(settings.length).toBeGreaterThan(0);
    expect(settings.filter((name) => !text.includes(`# ${name}=`))).toEqual([]);
  });
});
