import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Context } from './context.ts';
import { UsageFailure } from './failure.ts';
import { printError } from './terminal.ts';

/** Loaded only when asked for: most commands need little of the others. */
const load = {
  start: () => import('./commands/start.ts'),
  stop: () => import('./commands/stop.ts'),
  status: () => import('./commands/status.ts'),
  logs: () => import('./commands/logs.ts'),
  doctor: () => import('./commands/doctor.ts'),
  cache: () => import('./commands/cache.ts'),
  backup: () => import('./commands/backup.ts'),
  services: () => import('./commands/services.ts'),
  deploy: () => import('./commands/deploy.ts'),
  ps: () => import('./commands/ps.ts'),
  run: () => import('./commands/run.ts'),
  answer: () => import('./commands/answer.ts'),
  attach: () => import('./commands/attach.ts'),
  steer: () => import('./commands/steer.ts'),
  assign: () => import('./commands/assign.ts'),
};

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return number;
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

type Done = (code: number) => void;

function addHostCommands(program: Command, context: Context, done: Done): void {
  program
    .command('start')
    .description('set everything up and serve the panel until Ctrl-C')
    .option('-y, --yes', 'answer every question with yes')
    .action(async (options) => done(await (await load.start()).start(context, options)));
  program
    .command('stop')
    .description('stop the host; sessions go on at the next start')
    .option('--sessions', 'end the sessions and their containers too')
    .option('--json', 'print JSON')
    .action(async (options) => done(await (await load.stop()).stop(context, options)));
  program
    .command('status')
    .description('show what runs; exit code 1 when nothing does')
    .option('--json', 'print JSON')
    .action(async (options) => done(await (await load.status()).status(context, options)));
  program
    .command('logs')
    .argument('[execution]', 'id of an execution; without it the log of the host')
    .description("show the host's log, or the events of an execution")
    .option('-f, --follow', 'go on as it is written')
    .option('--session', 'what was printed in the container of its conversation')
    .option('-n, --lines <count>', "lines of the host's log to begin with, or of the container's", positive, 200)
    .option('--json', 'print JSON lines')
    .action(async (execution, options) => done(await (await load.logs()).logs(context, execution, options)));
  program
    .command('doctor')
    .description('check this machine; exit code 1 when something is missing')
    .option('--json', 'print JSON')
    .action(async (options) => done(await (await load.doctor()).doctor(context, options)));
}

function addBackupCommands(program: Command, context: Context, done: Done): void {
  const words = {
    backup: ['write store, files and workspaces as they are now into one file', 'replace the file if it is there'],
    restore: ['put a backup into the home; no host may run on it', 'move a store that is there aside'],
  } as const;
  for (const name of ['backup', 'restore'] as const) {
    const [description, force] = words[name];
    program
      .command(name)
      .argument('<file>', 'the backup')
      .description(description)
      .option('--force', force)
      .option('--json', 'print JSON')
      .action(async (file, options) => done(await (await load.backup()).backup(context, name, file, options)));
  }
}

function addCacheCommands(program: Command, context: Context, done: Done): void {
  const cache = program.command('cache').description('the packages that services keep ready for their conversations');
  cache
    .command('ls')
    .description('list the caches that are filled')
    .option('--json', 'print JSON')
    .action(async (options) => done(await (await load.cache()).listCaches(context, options)));
  cache
    .command('rm')
    .argument('<id>', 'of the cache, as ls shows it')
    .description('remove a cache; it is filled again for the next conversation that wants it')
    .option('--json', 'print JSON')
    .action(async (id, options) => done(await (await load.cache()).removeCache(context, id, options)));
}

function addWorkCommands(program: Command, context: Context, done: Done): void {
  program
    .command('services')
    .description('list what people can start, and older versions that still have open executions')
    .option('--json', 'print JSON')
    .action(async (options) => done(await (await load.services()).services(context, options)));
  program
    .command('deploy')
    .argument('[service]', 'its name; without it all of them')
    .description('serve what is in the services folder now to new executions; exit code 1 when something is refused')
    .option('--move', 'let executions that wait go on with it, if every one of them can')
    .option('--json', 'print JSON')
    .action(async (service, options) => done(await (await load.deploy()).deploy(context, service, options)));
  program
    .command('run')
    .argument('<service>', 'its name')
    .description('start a service')
    .option('--field <name=value>', 'a value of its form, files as @path,@path; may be repeated', collect, [])
    .option('-f, --follow', 'show its log until it ends')
    .option('--idempotency-key <key>', 'launches under one key are one launch')
    .option('--json', 'print JSON')
    .action(async (service, options) => done(await (await load.run()).run(context, service, options)));
  program
    .command('ps')
    .description('list executions, the newest first')
    .option('--status <status>', 'only those with this status')
    .option('-n, --limit <count>', 'how many', positive, 20)
    .option('--json', 'print JSON')
    .action(async (options) => done(await (await load.ps()).ps(context, options)));
}

function addConversationCommands(program: Command, context: Context, done: Done): void {
  program
    .command('attach')
    .argument('<execution>', 'its id')
    .description('follow a conversation and take part in it; exit code 1 when it fails')
    .option('--json', 'print its events as JSON lines, and take no part')
    .action(async (execution, options) => done(await (await load.attach()).attach(context, execution, options)));
  program
    .command('say')
    .argument('<execution>', 'its id, or that of a session')
    .argument('<text...>', 'the words')
    .description('say something to Claude: the reply it waits for, else while it works')
    .option('--json', 'print JSON')
    .action(async (id, text, options) => done(await (await load.steer()).say(context, id, text, options)));
  program
    .command('interrupt')
    .argument('<execution>', 'its id, or that of a session')
    .description('stop the turn in progress; the conversation goes on')
    .option('--json', 'print JSON')
    .action(async (id, options) => done(await (await load.steer()).interrupt(context, id, options)));
  program
    .command('set')
    .argument('<execution>', 'its id, or that of a session')
    .description('change how Claude works from now on')
    .option('--mode <mode>', 'default, acceptEdits or plan')
    .option('--model <name>', 'which Claude; - for as usual')
    .option('--effort <effort>', 'low, medium, high or max; - for as usual')
    .option('--json', 'print JSON')
    .action(async (id, options) => done(await (await load.steer()).set(context, id, options)));
  program
    .command('cancel')
    .argument('<execution>', 'its id')
    .description('end an execution for good')
    .option('--json', 'print JSON')
    .action(async (id, options) => done(await (await load.steer()).cancel(context, id, options)));
}

function addRequestCommands(program: Command, context: Context, done: Done): void {
  program
    .command('answer')
    .argument('<request>', 'its id')
    .description('answer a request')
    .option('--field <name=value>', 'a field of the form, files as @path,@path; may be repeated', collect, [])
    .option('--choose <question=option>', 'by text or number, several as 1,3; may be repeated', collect, [])
    .option('--note <question=text>', 'words beside an answer; may be repeated', collect, [])
    .option('--allow', 'let the tool run; approve the plan; the page of an MCP server was seen to')
    .option('--deny [why]', 'do not let the tool run; ask for another plan; decline')
    .option('--dismiss', 'neither accept nor decline what an MCP server asks')
    .option('--always', 'for the rest of the conversation; of a plan: edit files without asking')
    .option('--mode <mode>', 'of a plan: default or acceptEdits')
    .option('--input <json>', 'let the tool run with this input instead; all fields of a form; JSON, its file, or -')
    .option('--stop', 'with --deny: stop Claude, too')
    .option('--message <text>', 'why not, or an answer in your own words')
    .option('--json', 'print JSON')
    .action(async (request, options) => done(await (await load.answer()).answer(context, request, options)));
  program
    .command('assign')
    .argument('<request>', 'its id')
    .description('hand a request on; whoever started the execution may still answer it')
    .option('--user <name>', 'to a user')
    .option('--role <role>', 'to everyone of a role: member or admin')
    .option('--note <text>', 'what they should know')
    .option('--json', 'print JSON')
    .action(async (request, options) => done(await (await load.assign()).assign(context, request, options)));
}

/** Runs one command line and returns its exit code: 0 success, 1 a failure that was explained, 2 bad usage. */
export async function runCommand(argv: readonly string[], version: string, context: Context): Promise<number> {
  const { terminal } = context;
  let exitCode = 0;
  const done: Done = (code) => {
    exitCode = code;
  };
  const program = new Command('airlock')
    .description('Run Claude agents in sealed containers, with people at the controls')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(run it with --help to see how it is used)')
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text) });
  // Commands inherit the settings above when they are created.
  addHostCommands(program, context, done);
  addBackupCommands(program, context, done);
  addCacheCommands(program, context, done);
  addWorkCommands(program, context, done);
  addConversationCommands(program, context, done);
  addRequestCommands(program, context, done);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    printError(terminal, error, argv.includes('--json'));
    return error instanceof UsageFailure ? 2 : 1;
  }
}
