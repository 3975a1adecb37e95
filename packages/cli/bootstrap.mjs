#!/usr/bin/env node
// The way into Airlock from a bare clone: runs on any Node >= 20 with nothing installed, installs the dependencies when
// they are missing or old, and hands over to the pinned Node 24. Plain JavaScript, no imports but Node's own.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { constants } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(dirname(realpathSync(fileURLToPath(import.meta.url)))));
const modules = join(root, 'node_modules');
const lockFile = join(root, 'package-lock.json');
const stampFile = join(modules, '.airlock-lock');
const pinnedNode = join(modules, '.bin', 'node');
const major = Number(process.versions.node.split('.')[0]);

function fail(title, detail, fix) {
  process.stderr.write(`✗ ${title} — ${detail}\n  → ${fix}\n`);
  process.exit(1);
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Whether npm's own record of what it installed fits the lock; true after somebody ran `npm install` themselves. */
function installedFits(lock) {
  try {
    const installed = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')).packages;
    return Object.entries(JSON.parse(lock).packages).every(([path, wanted]) => {
      const found = installed[path];
      if (path === '' || (found === undefined && (wanted.optional || wanted.devOptional || wanted.peer))) return true;
      if (!path.includes('node_modules/')) return true;
      return found !== undefined && found.version === wanted.version && found.resolved === wanted.resolved;
    });
  } catch {
    return false;
  }
}

function writeStamp(hash) {
  try {
    writeFileSync(stampFile, hash);
  } catch {
    // A read-only clone: the next start compares npm's own record again.
  }
}

function seconds(since) {
  return `${Math.round((Date.now() - since) / 1000)} s`;
}

/** One line that keeps saying how long it takes: rewritten on a terminal, now and then a new one elsewhere. */
function showProgress(text) {
  const started = Date.now();
  const terminal = process.stderr.isTTY === true;
  process.stderr.write(terminal ? `… ${text}` : `… ${text}\n`);
  const timer = setInterval(
    () => process.stderr.write(terminal ? `\r… ${text}, ${seconds(started)}` : `… ${text}, ${seconds(started)}\n`),
    terminal ? 1000 : 20_000,
  );
  return (end) => {
    clearInterval(timer);
    process.stderr.write(`${terminal ? '\r\x1b[2K' : ''}${end} (${seconds(started)})\n`);
  };
}

function npmCommand() {
  const script = process.env.npm_execpath;
  if (script !== undefined && basename(script) === 'npm-cli.js' && existsSync(script)) {
    return [process.env.npm_node_execpath ?? process.execPath, [script]];
  }
  return ['npm', []];
}

/** Runs a command with its output kept for the case of failure. */
function runQuietly(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-32_768);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code, signal) => resolve({ code: code ?? 128 + constants.signals[signal], output }));
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
  });
}

/** What matters of npm's output: the cause stands first or last, and the help between them is long. */
function endOf(output) {
  const lines = output.split('\n').filter((line) => !/^(npm error ?)?\s*$/.test(line));
  return lines.length <= 20 ? lines.join('\n') : [...lines.slice(0, 8), '…', ...lines.slice(-8)].join('\n');
}

const installOptions = ['--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];

async function runNpm(text, args) {
  const end = showProgress(text);
  const [command, before] = npmCommand();
  const result = await runQuietly(command, [...before, ...args, ...installOptions]);
  end(result.code === 0 ? '✓ Installed dependencies' : `✗ npm ${args[0]} failed`);
  return result;
}

async function install(hash) {
  let { code, output } = await runNpm('Installing dependencies (npm ci)', ['ci']);
  if (output.includes('EUSAGE')) {
    // A package.json says more than the lock, as after adding a service: take the lock as far as it goes.
    process.stderr.write('  package-lock.json does not fit the package.json files; update it with: npm install\n');
    ({ code, output } = await runNpm('Installing dependencies (npm install)', ['install', '--no-save']));
  }
  if (code !== 0) {
    process.stderr.write(`${endOf(output)}\n`);
    fail(
      'The dependencies could not be installed',
      `npm ended with code ${code}; what it said is above`,
      'Check the network and the npm registry (npm ping), correct the cause and run the command again',
    );
  }
  writeStamp(hash);
}

async function ensureInstalled() {
  const lock = read(lockFile);
  if (lock === undefined) fail('The clone is not whole', `${lockFile} cannot be read`, 'Clone Airlock again');
  const hash = createHash('sha256').update(lock).digest('hex');
  if (read(stampFile) === hash) return;
  if (installedFits(lock)) writeStamp(hash);
  else await install(hash);
}

function sameFile(a, b) {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}

function failNode() {
  fail(
    'Airlock needs Node 24',
    `no Node 24 is packaged for ${process.platform} ${process.arch}, and this is Node ${process.versions.node}`,
    'Install Node 24 or newer (https://nodejs.org) and run the command again',
  );
}

/** Runs the program in another Node and becomes its shadow: same streams, same signals, same exit code. */
function runIn(node, script, args) {
  const child = spawn(node, [script, ...args], { stdio: 'inherit' });
  let forwarded = false;
  const forward = () => {
    // A terminal has told the child as well; SIGTERM is safe to get twice, and one is enough.
    if (!forwarded) child.kill('SIGTERM');
    forwarded = true;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  child.on('error', () => (major >= 24 ? runHere(script, args) : failNode()));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

async function runHere(script, args) {
  nodeModule.enableCompileCache?.(join(modules, '.cache', 'airlock'));
  process.argv = [process.execPath, script, ...args];
  await import(pathToFileURL(script).href);
}

const [command, ...rest] = process.argv.slice(2);
if (major < 20) {
  fail('This Node is too old', `Airlock needs Node 20 or newer, this is ${process.versions.node}`, 'Install Node 24');
}
await ensureInstalled();
if (command !== 'install') {
  const checks = { test: 'run.ts', check: 'check.ts' };
  const isCheck = command !== undefined && Object.hasOwn(checks, command);
  const script = isCheck ? join(root, 'test', checks[command]) : join(root, 'packages', 'cli', 'src', 'main.ts');
  const args = isCheck ? rest : process.argv.slice(2);
  if (sameFile(process.execPath, pinnedNode)) await runHere(script, args);
  else if (existsSync(pinnedNode)) runIn(pinnedNode, script, args);
  else if (major >= 24) await runHere(script, args);
  else failNode();
}
