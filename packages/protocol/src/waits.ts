import * as z from 'zod';

/** What an execution waits for. Texts may hold words of models and services: hostile. */
export const waitSchema = z.object({
  /**
   * `stop`: its own end; `turn`: other executions of its service; `person`: an answer; `engine`: it cannot be reached;
   * `room`: for a container; `container`: one that starts; `retry`: the model will be asked again; `tool`: what Claude
   * runs; `model`: what Claude says; `timer`: a time its service chose; `asleep`: something to do; `service`: its service.
   */
  kind: z.enum([
    'stop',
    'turn',
    'person',
    'engine',
    'room',
    'container',
    'retry',
    'tool',
    'model',
    'timer',
    'asleep',
    'service',
  ]),
  /** One sentence, without a full stop. */
  text: z.string(),
  since: z.iso.datetime().optional(),
  /** When it ends by itself. */
  until: z.iso.datetime().optional(),
});
export type Wait = z.infer<typeof waitSchema>;
