import * as z from 'zod';
import { permissionModeSchema } from './grants.ts';

/*
 * What a conversation is made of, as the CLI tells it. It comes out of a container: bounded, and text to show, never to
 * follow.
 */

const name = z.string().max(200);
const about = z.string().max(400);
const names = z.array(name).max(500);

/** A tier of the CLI's settings, and what it says about permissions. */
export const settingsTierSchema = z.object({
  tier: z.enum(['user', 'project', 'local']),
  allow: names,
  ask: names,
  deny: names,
  /** Hook events with at least one hook. */
  hooks: names,
});
export type SettingsTier = z.infer<typeof settingsTierSchema>;

export const factsSchema = z.object({
  cliVersion: name,
  sdkVersion: name,
  model: name,
  permissionMode: permissionModeSchema.or(name),
  tools: names,
  /** What people may begin a message with, after a slash. */
  commands: z.array(z.object({ name, about, hint: name, builtin: z.boolean() })).max(300),
  skills: names,
  agents: z.array(z.object({ name, about })).max(200),
  plugins: z.array(z.object({ name, version: name.optional(), problem: about.optional() })).max(100),
  /** `status`: `connected`, `pending`, `failed` or what else the CLI says. */
  mcpServers: z.array(z.object({ name, status: name, source: name.optional() })).max(100),
  /** From the one that counts least to the one that counts most. */
  settings: z.array(settingsTierSchema).max(3),
});
export type Facts = z.infer<typeof factsSchema>;

/** How full Claude's memory of the conversation is, in tokens. */
export const contextUseSchema = z.object({
  tokens: z.number().int().nonnegative(),
  window: z.number().int().positive(),
});
export type ContextUse = z.infer<typeof contextUseSchema>;

/** Something that runs beside Claude, or beneath it: a sub-agent, or a command in the background. */
export const taskSchema = z.object({
  id: name,
  /** `local_agent`, `local_bash` or what else the CLI knows. */
  kind: name,
  about,
  /** Name of the sub-agent. */
  agent: name.optional(),
});
export type Task = z.infer<typeof taskSchema>;

/** A step in the life of a task. */
export const taskStepSchema = taskSchema.partial({ kind: true }).extend({
  step: z.enum(['started', 'working', 'completed', 'failed', 'stopped']),
  /** The tool call that began it. */
  toolUseId: name.optional(),
  /** What it does now, or what came of it. */
  text: z.string().max(4_000).optional(),
  tokens: z.number().int().nonnegative().optional(),
  toolUses: z.number().int().nonnegative().optional(),
  durationMs: z.number().nonnegative().optional(),
});
export type TaskStep = z.infer<typeof taskStepSchema>;
