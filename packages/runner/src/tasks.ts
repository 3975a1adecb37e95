import type { TaskStep } from '@airlock/protocol/facts';
import type { SingleFrame } from '@airlock/protocol/wire';
import type { SDKMessage } from '@anthropic-ai/claude-agent-sdk';
import { name } from './bounded.ts';

type System = Extract<SDKMessage, { type: 'system' }>;

/** Turns what the CLI says of sub-agents and of commands in the background into frames. */
export function createTaskReader(): (message: System) => SingleFrame[] {
  /** What was last said of each task that runs. */
  const running = new Map<string, Pick<TaskStep, 'about' | 'kind' | 'agent' | 'toolUseId' | 'text'>>();

  function step(id: string, to: Omit<TaskStep, 'id' | 'about'>): SingleFrame[] {
    const known = running.get(id);
    if (!known) return [];
    const { text: _, ...about } = known;
    return [{ type: 'task', task: { id: name(id), ...about, ...to } }];
  }

  return (message) => {
    switch (message.subtype) {
      case 'task_started': {
        const { task_id: id, task_type: kind, subagent_type: agent, tool_use_id: toolUseId } = message;
        // A command that is waited for is a tool call like any other.
        const isOwnCall = kind === 'local_bash' && message.is_backgrounded === false;
        if (isOwnCall || message.skip_transcript || message.ambient) return [];
        running.set(id, {
          about: oneLine(message.description),
          ...(kind === undefined ? {} : { kind: name(kind) }),
          ...(agent === undefined ? {} : { agent: name(agent) }),
          ...(toolUseId === undefined ? {} : { toolUseId: name(toolUseId) }),
        });
        return step(id, { step: 'started' });
      }
      case 'task_progress': {
        const { task_id: id, summary, description, usage } = message;
        const known = running.get(id);
        const text = oneLine(summary ?? description);
        if (!known || known.text === text) return [];
        running.set(id, { ...known, text });
        return step(id, { step: 'working', text, ...usedBy(usage) });
      }
      case 'task_notification': {
        const { task_id: id, status, summary, usage } = message;
        const frames = step(id, { step: status, text: summary.slice(0, 4_000), ...usedBy(usage) });
        running.delete(id);
        return frames;
      }
      case 'background_tasks_changed': {
        const tasks = message.tasks
          .filter(({ ambient }) => !ambient)
          .slice(0, 100)
          .map(({ task_id: id, task_type: kind, description, subagent_type: agent }) => ({
            id: name(id),
            kind: name(kind),
            about: oneLine(description),
            ...(agent === undefined ? {} : { agent: name(agent) }),
          }));
        return [{ type: 'tasks', tasks }];
      }
      default:
        return [];
    }
  };
}

interface Used {
  readonly total_tokens: number;
  readonly tool_uses: number;
  readonly duration_ms: number;
}

function usedBy(usage: Used | undefined): Pick<TaskStep, 'tokens' | 'toolUses' | 'durationMs'> {
  if (usage === undefined) return {};
  return { tokens: usage.total_tokens, toolUses: usage.tool_uses, durationMs: usage.duration_ms };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 400);
}
