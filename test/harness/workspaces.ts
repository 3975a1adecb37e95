import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { extract } from 'tar-stream';
import { containerOf } from './containers.ts';

const engine = new Docker();

/** The files of a session's workspace by path, read from its volume: its container may be gone. */
export async function readWorkspace(session: string): Promise<ReadonlyMap<string, string>> {
  const [image] = await engine.listImages();
  const Mounts = [{ Type: 'volume' as const, Source: `claude-session-${session}`, Target: '/workspace' }];
  const container = await engine.createContainer({
    Image: image?.Id ?? '',
    Entrypoint: ['/none'],
    HostConfig: { Mounts },
  });
  try {
    const tar = extract();
    (await container.getArchive({ path: '/workspace' })).pipe(tar);
    const files = new Map<string, string>();
    for await (const entry of tar) {
      const content = await text(entry as AsyncIterable<Buffer>);
      if (entry.header.type === 'file') files.set(entry.header.name.replace('workspace/', ''), content);
    }
    return files;
  } finally {
    await container.remove();
  }
}

/** Runs a shell command in a session's container, as a tool would; resolves when it has ended. */
export async function runIn(session: string, command: string): Promise<void> {
  const Cmd = ['bash', '-c', command];
  const exec = await containerOf(session).exec({ Cmd, User: '1000:1000', AttachStdout: true, AttachStderr: true });
  const output = await exec.start({});
  for await (const _ of output);
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new Error(`${command} ended with code ${ExitCode}`);
}
