import { defineConfig } from 'vitest/config';

const never = ['**/node_modules/**', '**/dist/**', '**/*.container.test.ts', '**/*.story.test.ts'];

/** What `npm run check` runs: no engine, no browser, no fixed ports. */
export default defineConfig({
  test: {
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.{ts,tsx}', 'services/**/*.test.ts'],
          exclude: never,
          testTimeout: 15_000,
          hookTimeout: 15_000,
        },
      },
      { test: { name: 'layers', include: ['test/*.test.ts'], exclude: never, testTimeout: 15_000 } },
    ],
  },
});
