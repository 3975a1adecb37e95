import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JsonObject, jsonObjectSchema } from '@airlock/protocol/json';
import { Failure } from '../failure.ts';
import { isAlive } from '../local/find-host.ts';
import type { Settings } from '../settings.ts';

/** Folders that were left behind by a command that was killed. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!isAlive(Number(name))) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

async function runEditor(editor: string, file: string, env: NodeJS.ProcessEnv): Promise<void> {
  // As git does it: the setting is a command line, the file its last word.
  const child = spawn('sh', ['-c', `${editor} "$1"`, editor, file], { stdio: 'inherit', env });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code === 0) return;
  throw new Failure('The editor failed', `${editor} ended with code ${code}`, 'Set EDITOR to one that runs here');
}

/** Lets a person edit a text in their editor; resolves with what they left. */
export async function editText(text: string, { home, env }: Settings): Promise<string> {
  const edits = join(home, 'edits');
  const folder = join(edits, String(process.pid));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    sweep(edits);
    const file = join(folder, 'input.json');
    writeFileSync(file, text, { mode: 0o600 });
    await runEditor(env.VISUAL || env.EDITOR || 'vi', file, env);
    return readFileSync(file, 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Input for a tool as it was edited; undefined when it says the same as before. */
export function readEdited(text: string, before: JsonObject): JsonObject | undefined {
  let input: JsonObject;
  try {
    input = jsonObjectSchema.parse(JSON.parse(text));
  } catch (error) {
    const detail = error instanceof SyntaxError ? error.message : 'it is no JSON object';
    throw new Failure('It cannot be used as input', detail, 'Nothing was allowed; :edit again goes on where you were');
  }
  return JSON.stringify(input) === JSON.stringify(before) ? undefined : input;
}
