import * as z from 'zod';
import type { JsonObject } from './json.ts';

/*
 * Rules of a service for what Claude may do, decided on the host before the CLI decides by its own settings.
 *
 * Y3. Of the rules that fit a call, one that denies wins over one that asks, and that over one that allows; a call no
 *     rule fits is left to the CLI.
 * Y4. A rule about commands allows only a command that is nothing but this one, and fits otherwise wherever in the
 *     line the command stands.
 */

export const ruleSchema = z.strictObject({
  decision: z.enum(['allow', 'ask', 'deny']),
  /** Name of a tool; `*` at its end stands for anything: `mcp__db__*`. */
  tool: z.string().min(1).max(200),
  /** `Bash`: the command begins with these words. */
  command: z.string().min(1).max(1_000).optional(),
  /** The file or folder the call names is this one, or lies in it. Absolute. Links are not followed. */
  path: z.string().startsWith('/').max(4_000).optional(),
  /** The address the call names is at this host, or at one below it. */
  host: z.string().min(1).max(253).optional(),
  /** Told to Claude, and to people. */
  reason: z.string().max(1_000).optional(),
});
export type Rule = z.infer<typeof ruleSchema>;

interface Call {
  readonly tool: string;
  readonly input: JsonObject;
}

const precedence = ['deny', 'ask', 'allow'] as const;

/** The rule that decides about a call; undefined when none fits. */
export function decide(rules: readonly Rule[], call: Call): Rule | undefined {
  const fitting = rules.filter((rule) => fits(rule, call));
  return precedence.map((decision) => fitting.find((rule) => rule.decision === decision)).find((rule) => rule);
}

/** A rule in words. */
export function ruleText({ tool, command, path, host }: Rule): string {
  const what = [command, path, host].filter((part) => part !== undefined).join(', ');
  return what === '' ? tool : `${tool}(${what})`;
}

function fits(rule: Rule, { tool, input }: Call): boolean {
  const isTool = rule.tool.endsWith('*') ? tool.startsWith(rule.tool.slice(0, -1)) : tool === rule.tool;
  return (
    isTool &&
    (rule.command === undefined || fitsCommand(rule, rule.command, input.command)) &&
    (rule.path === undefined || fitsPath(rule.path, input.file_path ?? input.notebook_path ?? input.path)) &&
    (rule.host === undefined || fitsHost(rule.host, input.url))
  );
}

/** Whatever begins another command, runs one inside of another, or writes somewhere else. */
const joints = /[;&|<>()`\n\r]|\$\(|\$\{/;

function fitsCommand({ decision }: Rule, wanted: string, command: unknown): boolean {
  if (typeof command !== 'string') return false;
  if (decision === 'allow') return !joints.test(command) && begins(command, wanted);
  return command.split(/[;&|<>()`\n\r{}]|\$\(/).some((part) => begins(part, wanted));
}

/** Word by word: `git push` does not begin `git pushd`. */
function begins(command: string, wanted: string): boolean {
  const words = command.trim().split(/\s+/);
  return wanted
    .trim()
    .split(/\s+/)
    .every((word, at) => words[at] === word);
}

function fitsPath(wanted: string, path: unknown): boolean {
  if (typeof path !== 'string') return false;
  const parts = partsOf(path.startsWith('/') ? path : `${workspace}/${path}`);
  return partsOf(wanted).every((part, at) => parts[at] === part);
}

/** Where Claude works, and what a relative path begins at. */
const workspace = '/workspace';

function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

function fitsHost(wanted: string, url: unknown): boolean {
  if (typeof url !== 'string' || !URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  const name = wanted.toLowerCase();
  return hostname === name || hostname.endsWith(`.${name}`);
}
