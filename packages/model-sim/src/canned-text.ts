import type { Conversation } from './conversation.ts';

const notice = '*I am a simulated model: no API key is set, so nobody is really thinking here.*';

/** Repeats what was said, and on later turns what the conversation began with. */
export function echoText(talk: Conversation): string {
  const memory =
    talk.turn > 1
      ? `\nThis is turn ${talk.turn} of our conversation. It began with:\n\n${quote(talk.firstPrompt)}\n`
      : '';
  return `## You said

${quote(talk.prompt)}
${memory}
${notice} A few things I can show you:

- **write a file** called \`notes.txt\`: I write it and read it back
- **run** \`mkdir demo\`: I ask to use Bash
- **ask me** something: you get a question with two options
- **think** about it: you see a thinking block

\`\`\`text
turn: ${talk.turn}
words: ${talk.prompt.split(/\s+/).filter(Boolean).length}
\`\`\``;
}

/** Some hundred words, to watch them stream. */
export function longText(talk: Conversation): string {
  const sections = Array.from(
    { length: 12 },
    (_, index) => `### Part ${index + 1}

This is part ${index + 1} of 12 of a long simulated answer. It says nothing new, but it takes its time, so that streaming, scrolling and interrupting can be tried out at leisure.`,
  );
  return `## A long answer\n\n${quote(talk.prompt)}\n\n${notice}\n\n${sections.join('\n\n')}`;
}

/** Says what the tools did. */
export function reportText(talk: Conversation): string {
  const failed = talk.latest.find((outcome) => outcome.failed);
  if (failed !== undefined) {
    return `## It did not work\n\nThe tool \`${failed.tool}\` answered:\n\n${fence(failed.text)}\n\nI leave it at that; tell me how to go on.`;
  }
  const asked = talk.latest.find((outcome) => outcome.tool === 'AskUserQuestion');
  if (asked !== undefined) return `## Your answer\n\n${quote(chosen(asked.text))}\n\nThank you, I will go with that.`;
  const steps = talk.outcomes.map(
    (outcome, index) => `${index + 1}. \`${outcome.tool}\`${outcome.failed ? ' (failed)' : ''}`,
  );
  return `## Done\n\n${steps.join('\n')}\n\nThe last result was:\n\n${fence(talk.latest.map((outcome) => outcome.text).join('\n'))}`;
}

/** The CLI words an answer as `"question"="answer"`. */
function chosen(result: string): string {
  const answers = [...result.matchAll(/"="([^"]*)"/g)].map((match) => match[1] ?? '');
  return answers.length === 0 ? result : answers.join('\n');
}

function quote(text: string): string {
  return cut(text)
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}

function fence(text: string): string {
  const ticks = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  return `${ticks}text\n${cut(text).trimEnd()}\n${ticks}`;
}

function cut(text: string): string {
  return text.length <= 2000 ? text : `${text.slice(0, 2000)}…`;
}
