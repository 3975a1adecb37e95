import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngineClient } from '@airlock/host/engine/engine-client';
import { findEngine } from '@airlock/host/engine/find-engine';
import { ensureImage } from '@airlock/host/images/ensure-image';
import { AirlockError } from '@airlock/protocol/errors';
import { expect, it, onTestFinished } from 'vitest';
import { root } from './harness/host.ts';

/** This project, but for what its Containerfile says. */
function projectWith(containerfile: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-image-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['package.json', 'package-lock.json', 'packages', 'node_modules']) {
    symlinkSync(join(root, name), join(folder, name));
  }
  cpSync(join(root, 'image'), join(folder, 'image'), { recursive: true });
  writeFileSync(join(folder, 'image', 'Containerfile'), containerfile);
  return folder;
}

it('a build that fails says why, where its log is, and what to do', async () => {
  const project = projectWith('ARG BASE\nFROM $BASE\nRUN echo about to fail && exit 7\n');
  const search = await findEngine({ env: process.env, platform: process.platform, userHome: '/', uid: undefined });
  if (search.kind !== 'found') throw new Error('No engine');
  const building = ensureImage({
    client: createEngineClient(search.address),
    engine: search.info,
    root: project,
    cacheFolder: join(project, 'cache'),
    logFolder: join(project, 'logs'),
    env: process.env,
    platform: process.platform,
    hostArch: arch(),
    uid: process.getuid?.(),
    onProgress: () => undefined,
  });
  const error = await building.then(() => undefined, AirlockError.from);
  const log = join(project, 'logs', 'image-build.log');
  expect(error?.toBody()).toMatchObject({ code: 'image_build_failed', fix: expect.stringContaining('build log') });
  expect(error?.detail).toContain('returned a non-zero code: 7');
  expect(error?.detail).toContain(`Build log: ${log}`);
  expect(readFileSync(log, 'utf8')).toContain('about to fail');
});
