/** Asks the person at the terminal something, one line at a time. */
export interface Dialog {
  /** Resolves with the next line; rejects with `BackOut` when the person gives up, or has nothing to answer any more. */
  ask(prompt: string, isSecret?: boolean): Promise<string>;
  /** Shows lines, safe to print. */
  tell(text: string): void;
  /** In columns. */
  readonly width: number;
}

/** What was asked is left unanswered. */
export class BackOut extends Error {}
