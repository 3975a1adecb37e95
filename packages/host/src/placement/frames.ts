/** A piece of a multiplexed engine stream. */
export interface Piece {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Buffer;
}

const headerBytes = 8;

/**
 * Takes the engine's multiplexed stream apart: frames of an 8-byte header (stream, three zeros, length) and a body.
 * Bodies are passed on as they come, as slices, so that nothing is copied and no frame is waited for.
 */
export class FrameParser {
  #header: Buffer = Buffer.alloc(0);
  #stream: Piece['stream'] = 'stdout';
  #left = 0;

  /** Throws when the bytes are not a multiplexed stream. */
  *take(chunk: Buffer): Generator<Piece> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left === 0) {
        rest = this.#takeHeader(rest);
        continue;
      }
      const bytes = rest.subarray(0, this.#left);
      this.#left -= bytes.length;
      rest = rest.subarray(bytes.length);
      yield { stream: this.#stream, bytes };
    }
  }

  /** Whether the stream may end here. */
  get atBoundary(): boolean {
    return this.#left === 0 && this.#header.length === 0;
  }

  #takeHeader(chunk: Buffer): Buffer {
    const missing = headerBytes - this.#header.length;
    const header =
      this.#header.length === 0
        ? chunk.subarray(0, headerBytes)
        : Buffer.concat([this.#header, chunk.subarray(0, missing)]);
    this.#header = header;
    if (header.length < headerBytes) return chunk.subarray(chunk.length);
    const kind = header[0] ?? 255;
    if (kind > 2) throw new Error(`the engine's stream has a frame of unknown kind ${kind}`);
    this.#stream = kind === 2 ? 'stderr' : 'stdout';
    this.#left = header.readUInt32BE(4);
    this.#header = Buffer.alloc(0);
    return chunk.subarray(missing);
  }
}

/** A whole multiplexed stream, as text by stream. */
export function splitFrames(bytes: Buffer): Record<Piece['stream'], string> {
  const parts: Record<Piece['stream'], Buffer[]> = { stdout: [], stderr: [] };
  for (const piece of new FrameParser().take(bytes)) parts[piece.stream].push(piece.bytes);
  return { stdout: Buffer.concat(parts.stdout).toString(), stderr: Buffer.concat(parts.stderr).toString() };
}
