import { type Browser, chromium } from 'playwright-core';
import { inject } from 'vitest';

/** Starts the Chromium of this machine; throws what to do when there is none. The caller closes it. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = inject('chromium');
  if (executablePath === null) throw new Error('There is no Chromium here: run npm test, or install it');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
