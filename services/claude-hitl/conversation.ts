import { type FileInput, files, form, markdown, submit, textarea } from '@airlock/flow/form';

/** Words that end a conversation when they are the whole reply, in any case. */
const endingWords = ['done', 'exit', 'quit', 'stop'] as const;

/** The line with which Claude says, in auto-complete mode, that the task is complete. People do not see it. */
export const completionMarker = '[TASK_COMPLETE]';

/** Added to Claude's system prompt in auto-complete mode. */
export const completionPrompt = `You work on a task for a person, over several turns. When, and only when, the task is
complete and you need nothing more from the person, end your last message with this line, alone on a line of its own:
${completionMarker}
Do not write this line in any other case: not when you ask something, not when something is left to do.`;

/** Added to Claude's system prompt: where files come from, and where they go. */
export const workspacePrompt = `Files people give you lie in /workspace/in. What they are to get as a file, put into
/workspace/out: they see it and download it there.`;

/** What Claude is told when files come with a text. */
export function withFiles(text: string, given: readonly FileInput[]): string {
  if (given.length === 0) return text;
  const list = given.map(({ path }) => `- /workspace/${path}`).join('\n');
  return `${text}\n\nFiles that come with this:\n${list}`.trim();
}

export function isEnding(reply: string): boolean {
  const word = reply.trim().toLowerCase();
  return endingWords.some((ending) => ending === word);
}

/** Whether Claude's last text of a turn says that the task is complete. */
export function isComplete(text: string): boolean {
  return text.split('\n').some((line) => line.trim() === completionMarker);
}

const longestText = 100_000;

/** The form of the lock `claude-input`. */
export function replyForm(wasEmpty: boolean) {
  const hint = `Write ${endingWords.map((word) => `\`${word}\``).join(', ')} to end the conversation.`;
  const waiting = wasEmpty
    ? 'Your reply was empty. Claude is still waiting for it.'
    : 'Claude is waiting for your reply.';
  return form({
    waiting: markdown(`${waiting} ${hint}`),
    response: textarea({ label: 'Your reply', rows: 4, maxLength: longestText }),
    files: filesField(),
    send: submit('Send'),
  });
}

/** Files for Claude. */
export function filesField() {
  return files({ label: 'Files', help: 'Claude finds them in its workspace, under in/.' });
}

/** The form the conversation starts with. */
export function promptField() {
  return textarea({
    label: 'Prompt',
    help: 'What Claude is to do. It works in a container of its own.',
    required: true,
    rows: 6,
    maxLength: longestText,
    placeholder: 'Write a Python function that …',
  });
}
