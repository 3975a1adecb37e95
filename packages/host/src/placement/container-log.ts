import { claudeMark, type SessionLog } from '@airlock/protocol/inside';
import type { EngineClient } from '../engine/engine-client.ts';
import { engineStatus, toEngineError } from '../engine/engine-error.ts';
import { splitFrames } from './frames.ts';

type LogLine = SessionLog['lines'][number];

/** Longest line that is passed on. */
const lineLength = 4_000;
const wordLines = 40;
/** Of what Claude Code printed, so much is among the last words. */
const claudeWordLines = 12;
const claudeWordLength = 200;

/** The last lines a container printed, the oldest first; none when it is gone. */
export async function containerLog(client: EngineClient, containerId: string, tail: number): Promise<LogLine[]> {
  try {
    const options = { stdout: true, stderr: true, timestamps: true, tail, follow: false } as const;
    const logs: unknown = await client.getContainer(containerId).logs(options);
    if (!Buffer.isBuffer(logs)) return [];
    const { stdout, stderr } = splitFrames(logs);
    return parseLog(`${stdout}\n${stderr}`);
  } catch (thrown) {
    if (engineStatus(thrown) === 404) return [];
    throw toEngineError(thrown, `Log of container ${containerId}`, 'container_failed');
  }
}

/** Lines as the engine gives them, each after the time it was printed at. */
export function parseLog(output: string): LogLine[] {
  const lines = output.split('\n').flatMap((line): LogLine[] => {
    const [stamp = ''] = line.split(' ', 1);
    const at = Date.parse(stamp);
    if (Number.isNaN(at)) return [];
    const said = line.slice(stamp.length + 1).replace(/\r$/, '');
    const isClaude = said.startsWith(claudeMark);
    const text = (isClaude ? said.slice(claudeMark.length) : said).slice(0, lineLength);
    return [{ at: new Date(at).toISOString(), by: isClaude ? 'claude' : 'runner', text }];
  });
  return lines.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** What was said last, for telling how a container ended. */
export function lastWords(lines: readonly LogLine[]): string {
  const ofClaude = lines.filter(({ by }) => by === 'claude').slice(-claudeWordLines);
  const said = lines.filter((line) => line.by === 'runner' || ofClaude.includes(line)).slice(-wordLines);
  return said
    .map(({ by, text }) => (by === 'claude' ? `${claudeMark}${text.slice(0, claudeWordLength)}` : text))
    .join('\n')
    .trim();
}
