import { LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { type Scenario, scriptSchema } from './script-schema.ts';

/** A scenario and where it came from: `file#index`, or `file#name`. */
export interface PlacedScenario {
  readonly id: string;
  readonly scenario: Scenario;
}

/** A script that cannot be used. The message has a line per problem: file, line and column, path, what is wrong. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

/**
 * Reads a script.
 *
 * @param file names the script in errors and records
 * @throws ScriptError when it is not YAML, or not a script
 */
export function parseScript(yaml: string, file: string): PlacedScenario[] {
  const lineCounter = new LineCounter();
  const document = parseDocument(yaml, { lineCounter });
  const broken = document.errors[0];
  if (broken !== undefined) throw new ScriptError(`${file}: not YAML: ${broken.message}`, { cause: broken });
  const result = scriptSchema.safeParse(readDocument(document, file));
  if (!result.success) throw new ScriptError(issueLines(result.error.issues, file, locate(document, lineCounter)));
  return result.data.scenarios.map((scenario, index) => ({ id: `${file}#${scenario.name ?? index}`, scenario }));
}

function readDocument(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new ScriptError(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

type Locate = (path: readonly PropertyKey[]) => string;

/** Finds the line of a path, or of the nearest thing around it that is written down. */
function locate(document: ReturnType<typeof parseDocument>, lineCounter: LineCounter): Locate {
  return (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true);
      if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) continue;
      const { line, col } = lineCounter.linePos(Number(node.range[0]));
      return `:${line}:${col}`;
    }
    return '';
  };
}

function issueLines(issues: readonly z.core.$ZodIssue[], file: string, place: Locate): string {
  return issues.map((issue) => `${file}${place(issue.path)}: ${pathText(issue.path)}: ${issue.message}`).join('\n');
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return text.replace(/^\./, '') || 'script';
}
