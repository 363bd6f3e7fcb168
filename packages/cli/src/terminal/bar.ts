import type { WriteStream } from 'node:tty';

/** What a bar shows: a share (0 to 1) between two texts. */
export interface BarState {
  readonly share: number;
  readonly before: string;
  readonly after: string;
}

/** One line of a terminal that is written over again and again. */
export interface Bar {
  /** Shows `share` (0 to 1) as a bar between two texts; at most ten times a second. */
  update(share: number, before: string, after: string): void;
  /** Takes the bar away, so that a line can be written. */
  clear(): void;
}

const width = 24;
const interval = 100;

/** The environment variable that asks a command to send what its bar shows to the process that started it. */
export const progressVariable = 'REPARAM_SEND_PROGRESS';

/** A bar that the process shows which started this one, and which listens to it. */
export function sentBar(send: (state: BarState) => void): Bar {
  let last = 0;
  return {
    update(share, before, after) {
      const now = performance.now();
      if (now - last < interval) return;
      last = now;
      send({ share, before, after });
    },
    clear() {},
  };
}

/** A bar on `stream`, or nothing when that is not a terminal. */
export function progressBar(stream: WriteStream, enabled: boolean): Bar {
  if (!enabled || !stream.isTTY) return { update() {}, clear() {} };
  let last = 0;
  let shown = false;
  return {
    update(share, before, after) {
      const now = performance.now();
      if (now - last < interval) return;
      last = now;
      shown = true;
      const full = Math.round(Math.min(1, Math.max(0, share)) * width);
      const line = `${before} ${'━'.repeat(full)}${'─'.repeat(width - full)} ${after}`;
      stream.write(`\r\x1b[2K${line.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
    },
    clear() {
      if (shown) stream.write('\r\x1b[2K');
      shown = false;
      last = 0;
    },
  };
}
