/** What is known of the engine in use. */
export interface EngineInfo {
  readonly name: 'docker' | 'podman';
  readonly version: string;
  /** Of the machine its containers run on, in Node's words: `x64`, `arm64`. */
  readonly arch: string;
  readonly memoryBytes: number;
  /** CPUs its containers may share. */
  readonly cpus: number;
  /** The socket or address in use, for people. */
  readonly address: string;
}
