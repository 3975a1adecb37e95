import type { TestProject } from 'vitest/node';
import { findChromium } from './chromium.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of a Chromium, or null when the machine has none. */
    chromium: string | null;
  }
}

/** Runs once before all story tests. */
export default function setup(project: TestProject): void {
  project.provide('chromium', findChromium() ?? null);
}
