import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { extract } from 'tar-stream';

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
