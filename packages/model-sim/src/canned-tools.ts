import type { ToolBlock } from './answer.ts';
import type { Conversation } from './conversation.ts';
import type { JsonObject } from './json.ts';

/** A tool call and the words that come before it. */
export interface Call {
  readonly announcement: string;
  readonly block: ToolBlock;
}

/** A question with two options, when the prompt asks for one. */
export function askQuestion(talk: Conversation): Call | undefined {
  if (!/\bask me\b/i.test(talk.prompt) || !talk.tools.has('AskUserQuestion')) return undefined;
  const question = {
    question: 'Which way should the simulated model go?',
    header: 'Direction',
    multiSelect: false,
    options: [
      { label: 'Quick', description: 'A short answer right away' },
      { label: 'Thorough', description: 'A longer answer with every step' },
    ],
  };
  return call('I would like to know something first.', 'AskUserQuestion', { questions: [question] });
}

/** The tool that the prompt's words suggest, if the request offers it. */
export function chooseTool(talk: Conversation): Call | undefined {
  if (talk.tools.has('Write') && /\b(write|create|save|make)\b[\s\S]*\bfile\b/i.test(talk.prompt))
    return writeFile(talk);
  if (talk.tools.has('Bash') && /\b(run|bash|execute)\b/i.test(talk.prompt)) {
    return call('I will run a command.', 'Bash', {
      command: command(talk.prompt),
      description: 'Run the requested command',
    });
  }
  return undefined;
}

/** What comes after a tool result: a file just written is read back; one that must be read first is. */
export function followUp(talk: Conversation): Call | undefined {
  const last = talk.latest.at(-1);
  if (last === undefined) return undefined;
  const writes = talk.outcomes.filter((outcome) => outcome.tool === 'Write');
  const unread = writes.length === 1 && writes[0]?.failed === true && /not been read/i.test(writes[0].text);
  if (last.tool === 'Write' && talk.tools.has('Read') && (!last.failed || unread)) return readFile(talk, unread);
  if (last.tool === 'Read' && !last.failed && unread) return writeFile(talk);
  return undefined;
}

function writeFile(talk: Conversation): Call {
  const path = filePath(talk);
  return call(`I will write \`${path}\`.`, 'Write', { file_path: path, content: fileContent(talk) });
}

function readFile(talk: Conversation, unread: boolean): Call {
  const path = filePath(talk);
  const why = unread ? 'It exists already, so I have to read it first.' : 'Written. I will read it back to be sure.';
  return call(why, 'Read', { file_path: path });
}

/** The file the prompt names, in the folder the CLI works in. */
function filePath(talk: Conversation): string {
  const named = /(?:^|[\s`"'])((?:\/|\.\/)?[\w-]+(?:[/.][\w-]+)*\.[A-Za-z]\w{0,7})(?=$|[\s`"',.;:!?)])/.exec(
    talk.prompt,
  )?.[1];
  const name = named ?? 'hello.txt';
  if (name.startsWith('/')) return name;
  const folder = /Primary working directory: (\S+)/.exec(talk.systemText)?.[1] ?? '/workspace';
  return `${folder}/${name.replace(/^\.\//, '')}`;
}

function fileContent(talk: Conversation): string {
  const given = /\b(?:with|saying|containing|says|content)\b[^"“`]*["“`]([^"”`]+)["”`]/i.exec(talk.prompt)?.[1];
  return `${given ?? `Hello from the simulated model.\nYou asked: ${talk.prompt}`}\n`;
}

/** Only what stands in quotes is run; else something harmless that the CLI asks permission for. */
function command(prompt: string): string {
  const given = /`([^`]+)`/.exec(prompt)?.[1] ?? /"([^"]+)"/.exec(prompt)?.[1];
  return given ?? 'date > simulated.txt && cat simulated.txt';
}

function call(announcement: string, name: string, input: JsonObject): Call {
  return { announcement, block: { type: 'tool_use', name, input } };
}
