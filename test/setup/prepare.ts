import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensurePanel } from '@airlock/cli/local/panel';
import { readSettings } from '@airlock/cli/settings';
import { startProgress, type Terminal } from '@airlock/cli/terminal';
import { root } from '../source/files.ts';
import { canInstallChromium, findChromium, installChromium } from './chromium.ts';

/** A step of the set-up: what is wrong and what to do, or undefined when it is done. */
type Step = (terminal: Terminal) => Promise<string | undefined>;

const engineAndImage: Step = () =>
  new Promise((resolve) => {
    const main = join(root, 'packages', 'host', 'src', 'main.ts');
    const child = spawn(process.execPath, [main, 'setup', '--yes'], { cwd: root, stdio: 'inherit' });
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code) =>
      resolve(code === 0 ? undefined : `the host's setup ended with code ${code}; see above`),
    );
  });

const panel: Step = async (terminal) => {
  try {
    await ensurePanel(readSettings(), terminal);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const browser: Step = async (terminal) => {
  if (findChromium() !== undefined) return undefined;
  if (!canInstallChromium()) return 'no Chromium on the PATH; install it (Debian: sudo apt-get install chromium)';
  const progress = startProgress(terminal, 'Installing Chromium (apt-get)');
  const problem = await installChromium();
  progress.end(problem === undefined ? '✓ Installed Chromium' : '✗ Chromium could not be installed');
  return problem;
};

const steps: Readonly<Record<string, Step>> = { 'engine and image': engineAndImage, panel, browser };

/** Gets the machine ready for the story tests; returns the steps that failed, with the reason. */
export async function prepare(terminal: Terminal): Promise<ReadonlyMap<string, string>> {
  const problems = new Map<string, string>();
  for (const [name, step] of Object.entries(steps)) {
    const problem = await step(terminal);
    if (problem !== undefined) problems.set(name, problem);
  }
  return problems;
}
