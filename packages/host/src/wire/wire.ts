import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { DownFrame, HostHello, LiveFrame, UpFrame } from '@airlock/protocol/wire';

/** A model request that came up the wire. `path` begins with the model API's own path (`/v1/messages?beta=true`). */
export interface ModelRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** Aborts when the wire or the request is gone. */
  readonly signal: AbortSignal;
}

export interface ModelResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** Destroying it, or an error on it, cuts the response so that the CLI asks again. */
  readonly body: Readable;
}

/** A request to an MCP server of the session, by the name it has there; nothing about it has been checked. */
export interface McpRequest extends Omit<ModelRequest, 'path'> {
  readonly server: string;
}

export interface McpResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** An error on it cuts the response. */
  readonly body: Readable;
}

export interface WireHandlers {
  /** Called once per number, in order, one at a time. The frame is acknowledged when the promise resolves. */
  onUp(n: number, frame: UpFrame): Promise<void>;
  onLive(frame: LiveFrame): void;
  /** The runner has taken every down frame up to this number. */
  onDownAck(n: number): void;
  /** Must not reject: failures are responses. */
  onModel(request: ModelRequest): Promise<ModelResponse>;
  /** Must not reject: failures are responses. */
  onMcp(request: McpRequest): Promise<McpResponse>;
  /** The lines of the transcript, each with its line end. */
  onTranscript(): AsyncIterable<string>;
}

/** The host's end of an open wire. */
export interface Wire {
  /** Number of the last down frame the runner had taken when the wire opened. */
  readonly downTaken: number;
  /** Sends a numbered frame; numbers rise by one. Sending after the wire closed does nothing: it is sent again next time. */
  send(n: number, frame: DownFrame): void;
  close(): void;
  /** Resolves when the wire has closed, however it did; never rejects. */
  readonly closed: Promise<{ readonly reason: string }>;
}

export type { HostHello };
