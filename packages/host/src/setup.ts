import { join } from 'node:path';
import type { Config } from './config.ts';
import type { EngineInfo } from './engine/engine.ts';
import { createEngineClient, type EngineClient } from './engine/engine-client.ts';
import { planEngine } from './engine/engine-plan.ts';
import { type EngineSearch, engineSearchError, findEngine, renderEngine } from './engine/find-engine.ts';
import { installEngine, readMachine } from './engine/install-engine.ts';
import type { Terminal } from './terminal.ts';

export interface Engine {
  readonly client: EngineClient;
  readonly info: EngineInfo;
  /** In words, for people. */
  readonly words: string;
}

const uid = process.getuid?.();

/** Looks for the engine; throws with the reason and the fix when there is none to use. */
export async function searchEngine(config: Config): Promise<Engine> {
  const search = await findEngine(searchOptions(config));
  if (search.kind !== 'found') throw engineSearchError(search);
  return toEngine(search);
}

/** Finds the engine, or installs and starts one where that can be done and the person agrees. */
export async function prepareEngine(config: Config, terminal: Terminal): Promise<Engine> {
  const search = await findEngine(searchOptions(config));
  if (search.kind === 'found') return toEngine(search);
  const machine = await readMachine({ env: config.env, platform: process.platform, uid });
  const plan = planEngine(search, machine);
  for (const line of plan.words) terminal.line(`  ${line}`);
  const agreed = plan.kind !== 'manual' && (await terminal.confirm(`  ${plan.words.at(-1)}. Go on?`));
  if (!agreed) {
    if (plan.kind === 'manual') terminal.line(`  Do this, then start again:\n\n    ${plan.command}\n`);
    throw engineSearchError(search);
  }
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  await installEngine(plan, {
    env: config.env,
    logFolder: join(config.home, 'logs'),
    onLine: (line) => terminal.progress(`  Engine: ${line} ${seconds()} s`),
  });
  terminal.line(`✓ Engine ready after ${seconds()} s`);
  const again = await findEngine(searchOptions(config));
  if (again.kind !== 'found') throw engineSearchError(again);
  return toEngine(again);
}

function searchOptions(config: Config) {
  return { env: config.env, platform: process.platform, userHome: config.userHome, uid };
}

function toEngine(search: Extract<EngineSearch, { kind: 'found' }>): Engine {
  return { client: createEngineClient(search.address), info: search.info, words: renderEngine(search) };
}
