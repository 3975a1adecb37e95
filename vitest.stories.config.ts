import { defineConfig } from 'vitest/config';

/** Whole-system tests: a real engine, real containers, a real browser, one file at a time. `npm test` runs them. */
export default defineConfig({
  test: {
    include: ['{test,packages,services}/**/*.{container,story}.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: ['test/setup/stories.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
  },
});
