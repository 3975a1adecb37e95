import { type DownFrame, type DownLine, downLineSchema } from '@airlock/protocol/wire';

export interface Downlink {
  /** Number of the last frame taken. */
  readonly taken: number;
  /** Takes one line; throws when it cannot be one of a host, or when a frame before it is missing. */
  take(line: string): void;
}

export interface DownlinkOptions {
  /** Called once per number, in order. */
  readonly onFrame: (frame: DownFrame) => void;
  /** Every frame up to `n` was taken; also called for one that came again. */
  readonly onTaken: (n: number) => void;
  /** The host has committed every up frame to `n`. */
  readonly onUpAck: (n: number) => void;
}

export function createDownlink({ onFrame, onTaken, onUpAck }: DownlinkOptions): Downlink {
  let taken = 0;
  return {
    get taken() {
      return taken;
    },
    take(line) {
      const down: DownLine = downLineSchema.parse(JSON.parse(line));
      if ('ack' in down) {
        onUpAck(down.ack);
        return;
      }
      if (down.n > taken + 1) throw new Error(`Down frame ${down.n} came after frame ${taken}`);
      if (down.n === taken + 1) {
        taken = down.n;
        onFrame(down.frame);
      }
      onTaken(taken);
    },
  };
}
