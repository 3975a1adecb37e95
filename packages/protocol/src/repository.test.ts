import { describe, expect, it } from 'vitest';
import { branchNameSchema, repositorySchema } from './repository.ts';

describe('a repository', () => {
  it.each([
    { url: 'https://forge.example/a/b.git' },
    { url: 'http://127.0.0.1:8080/b.git', ref: 'main' },
    { url: 'http://[::1]/b', ref: 'v1.2', token: '{{FORGE_TOKEN}}' },
  ])('may be %j', (given) => {
    expect(repositorySchema.safeParse(given).success).toBe(true);
  });

  it.each([
    { url: 'http://forge.example/b' },
    { url: 'http://127.0.0.1.example/b' },
    { url: 'file:///etc' },
    { url: 'ext::sh -c id' },
    { url: 'git@forge.example:a/b' },
    { url: '--upload-pack=id' },
    { url: 'https://me:secret@forge.example/b' },
    { url: 'https://forge.example/b?token=1' },
    { url: 'https://forge.example/b', ref: '--all' },
    { url: 'https://forge.example/b', token: 'the-token-itself' },
    { url: 'https://forge.example/b', token: '{{small}}' },
    { url: 'https://forge.example/b', token: 'Bearer {{A}}' },
  ])('may not be %j', (given) => {
    expect(repositorySchema.safeParse(given).success).toBe(false);
  });

  it.each([
    '-a',
    '/a',
    '.a',
    'a..b',
    'a//b',
    'a/',
    'a.',
    'a.lock',
    'a/.b',
    'a b',
    'a:b',
    'a~b',
    'a^',
    'a\n',
    'a@{1}',
    '',
  ])('has no branch %j', (name) => {
    expect(branchNameSchema.safeParse(name).success).toBe(false);
  });
});
