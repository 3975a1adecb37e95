import type { EngineClient } from '../engine/engine-client.ts';
import { engineMessage, engineStatus, toEngineError } from '../engine/engine-error.ts';
import { containerName, labelsOf, sessionLabels } from './container-config.ts';

/** Makes and removes the engine volumes that sessions work in. */
export class WorkspaceVolumes {
  readonly #client: EngineClient;
  readonly #home: string;
  /** Whether the engine's volumes take a size; unknown until the first one was made. */
  #quota: boolean | undefined;

  /** With `quota` false no size is asked for. */
  constructor(client: EngineClient, home: string, quota: boolean) {
    this.#client = client;
    this.#home = home;
    this.#quota = quota ? undefined : false;
  }

  /** Returns whether the volume was made now; an existing one is kept as it is. */
  async ensure(session: string, bytes: number): Promise<boolean> {
    const doing = `Workspace of session ${session}`;
    try {
      if (await this.#exists(session)) return false;
      await this.#create(session, bytes);
      return true;
    } catch (thrown) {
      throw toEngineError(thrown, doing, 'container_failed');
    }
  }

  async remove(session: string): Promise<void> {
    try {
      await this.#client.getVolume(containerName(session)).remove({ force: true });
    } catch (thrown) {
      if (engineStatus(thrown) !== 404)
        throw toEngineError(thrown, `Workspace of session ${session}`, 'container_failed');
    }
  }

  /** The sessions whose workspaces are there. */
  async list(): Promise<string[]> {
    try {
      const label = [`${sessionLabels.home}=${this.#home}`, `${sessionLabels.kind}=session`];
      const { Volumes } = await this.#client.listVolumes({ filters: { label } });
      return Volumes.flatMap(({ Labels }) => Labels?.[sessionLabels.session] ?? []);
    } catch (thrown) {
      throw toEngineError(thrown, 'Listing workspaces', 'container_failed');
    }
  }

  async #exists(session: string): Promise<boolean> {
    try {
      await this.#client.getVolume(containerName(session)).inspect();
      return true;
    } catch (thrown) {
      if (engineStatus(thrown) === 404) return false;
      throw thrown;
    }
  }

  async #create(session: string, bytes: number): Promise<void> {
    const volume = { Name: containerName(session), Driver: 'local', Labels: labelsOf(this.#home, session) };
    if (this.#quota !== false) {
      try {
        await this.#client.createVolume({ ...volume, DriverOpts: { size: String(bytes) } });
        this.#quota = true;
        return;
      } catch (thrown) {
        if (this.#quota === true || !isQuotaRefusal(thrown)) throw thrown;
        this.#quota = false;
      }
    }
    await this.#client.createVolume(volume);
  }
}

/** Engines without quotas refuse the option in many words; the one thing they share is that they did answer. */
function isQuotaRefusal(thrown: unknown): boolean {
  return engineStatus(thrown) !== undefined && !/no space left/i.test(engineMessage(thrown));
}
