import { open, rename } from 'node:fs/promises';

/** Writes a file so that after a crash all of it is there, or what was there before. */
export async function writeAll(path: string, text: string): Promise<void> {
  const part = `${path}.part`;
  const file = await open(part, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
}
