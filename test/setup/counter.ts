import type { SerializedError } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';

/** Counts what ran. A test left out, a file that does not load and an error outside a test count as failed. */
export class Counter implements Reporter {
  passed = 0;
  failed = 0;

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    this.failed += errors.length;
    for (const module of modules) {
      this.failed += module.errors().length;
      for (const test of module.children.allTests()) {
        if (test.result().state === 'passed') this.passed += 1;
        else this.failed += 1;
      }
      for (const suite of module.children.allSuites()) this.failed += suite.errors().length;
    }
  }
}
