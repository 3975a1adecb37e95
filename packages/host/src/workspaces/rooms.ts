import { AirlockError } from '@airlock/protocol/errors';
import { readByteTar, type TarEntry } from '../files/tar-entries.ts';
import type { Placement } from '../placement/placement.ts';

interface RoomsOptions {
  readonly placement: Pick<Placement, 'inspect' | 'startReader' | 'removeReader' | 'packPaths'>;
  /** An image whose programs can look at a workspace. */
  readonly image: () => string;
}

interface Session {
  readonly id: string;
  readonly container: string | null;
}

/** Containers in which workspaces are looked at: the session's own while it runs, else one made for it. */
export interface Rooms {
  inside<T>(session: Session, work: (container: string) => Promise<T>): Promise<T>;
  /** What lies at these paths, as the tar has it. */
  read(session: Session, paths: readonly string[]): AsyncGenerator<TarEntry>;
}

export function createRooms({ placement, image }: RoomsOptions): Rooms {
  async function isRunning(container: string): Promise<boolean> {
    return (await placement.inspect(container)).kind === 'running';
  }

  async function inReader<T>({ id }: Session, work: (container: string) => Promise<T>): Promise<T> {
    const reader = await placement.startReader(id, image());
    try {
      return await work(reader);
    } finally {
      await placement.removeReader(reader);
    }
  }

  return {
    async inside(session, work) {
      const { container } = session;
      if (container === null || !(await isRunning(container))) return await inReader(session, work);
      try {
        return await work(container);
      } catch (error) {
        // It has ended, or stands still.
        if (!(error instanceof AirlockError) || error.code !== 'container_lost') throw error;
        return await inReader(session, work);
      }
    },

    async *read(session, paths) {
      const { container } = session;
      const isOwn = container !== null && (await isRunning(container));
      const room = isOwn ? container : await placement.startReader(session.id, image());
      try {
        yield* readByteTar(await placement.packPaths(room, paths));
      } finally {
        if (!isOwn) await placement.removeReader(room);
      }
    },
  };
}
