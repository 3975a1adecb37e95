import { openSync, readFileSync, writeSync } from 'node:fs';
import { type Options, parseOptions, UsageError } from './options.ts';
import type { RecordedRequest } from './requests.ts';
import { ScriptError } from './script.ts';
import { createModelSim, type ModelSim } from './server.ts';

/** Serves until its owner closes its standard input or it is told to stop. */
async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  const sim = create(options);
  const address = await sim.listen(options.port);
  const stop = () => void sim.close().then(() => process.exit(0));
  process.stdin.on('end', stop).on('close', stop).on('error', stop).resume();
  process.on('SIGTERM', stop).on('SIGINT', stop);
  process.stdout.on('error', stop);
  process.stdout.write(`${JSON.stringify(address)}\n`);
}

function create(options: Options): ModelSim {
  const record = options.record === undefined ? undefined : openRecord(options.record);
  return createModelSim({
    scripts: options.scripts.map((file) => ({ file, yaml: readFileSync(file, 'utf8') })),
    vary: { enabled: options.vary, seed: options.seed },
    ...(options.pace === undefined ? {} : { pace: options.pace }),
    ...(options.keys.length === 0 ? {} : { acceptKeys: options.keys }),
    ...(record === undefined ? {} : { ended: record }),
  });
}

/** Appends each request before its owner can hear of anything else, so that none is lost when the program ends. */
function openRecord(file: string): (request: RecordedRequest) => void {
  const descriptor = openSync(file, 'a');
  return (request) => {
    try {
      writeSync(descriptor, `${JSON.stringify(request)}\n`);
    } catch (error) {
      fail(error);
    }
  };
}

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`model-sim: ${message}\n`);
  process.exit(error instanceof UsageError || error instanceof ScriptError ? 2 : 1);
}

main(process.argv.slice(2)).catch(fail);
