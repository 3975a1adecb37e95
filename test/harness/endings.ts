import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorBody } from '@airlock/protocol/errors';
import type { Event } from '@airlock/protocol/events';
import { type Api, ofKind } from './api.ts';

/** Waits until an execution has ended as an error, and checks that this is told once and with all a person needs. */
export async function errorOf(api: Api, id: string): Promise<{ error: ErrorBody; events: Event[] }> {
  await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'error');
  const events = await api.events(id);
  const errors = events.filter(ofKind('error'));
  const error = errors[0]?.payload;
  if (errors.length !== 1 || !error) throw new Error(`${errors.length} error events`);
  if (![error.title, error.detail, error.fix].every((text) => text.trim() !== '')) {
    throw new Error(`An error that says too little: ${JSON.stringify(error)}`);
  }
  if (
    events.some((event) => event.kind === 'final' || (event.kind === 'status' && event.payload.status === 'finished'))
  ) {
    throw new Error('An execution that failed was called finished');
  }
  return { error, events };
}

/** Answers the next reply form after `after`; resolves with the seq of its lock. */
export async function reply(api: Api, id: string, after: number, response: string): Promise<number> {
  const lock = await api.until(id, ofKind('lock'), after);
  await api.answer(lock.payload.request, { response });
  return lock.seq;
}

/** Holds a whole conversation to its proper end. */
export async function converse(api: Api, prompt = 'hello'): Promise<Event[]> {
  const id = await api.launch('claude-hitl', { prompt });
  await reply(api, id, 0, 'done');
  await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished');
  return await api.events(id);
}

/** The text of every file below a folder, by path; for proving that something is in none of them. */
export function filesBelow(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
  return new Map(paths.map((path) => [path, readFileSync(path, 'latin1')]));
}
