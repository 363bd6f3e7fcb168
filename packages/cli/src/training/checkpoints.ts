import type { TrainingState } from 'reparam';
import type { RunConfig } from '../config/schema.ts';
import { type Environment, writeCheckpoint } from '../run/checkpoint.ts';

/** Writes the checkpoints of a run, one at a time. */
export interface CheckpointWriter {
  /** Milliseconds since the last write began. */
  readonly age: number;
  /** Writes `state` and waits until it is on the disk. */
  write(state: TrainingState): Promise<void>;
  /** Begins to write `state` unless a write is going on; a fault is thrown by the next `write`. */
  begin(state: TrainingState): void;
}

/** The writer for `folder`. */
export function checkpointWriter(
  folder: string,
  config: RunConfig,
  environment: Environment,
  data: string,
): CheckpointWriter {
  let last = performance.now();
  let busy = false;
  let queue: Promise<void> = Promise.resolve();
  const enqueue = (state: TrainingState): Promise<void> => {
    last = performance.now();
    busy = true;
    queue = queue
      .then(() => writeCheckpoint(folder, config, { state, environment, data }))
      .finally(() => {
        busy = false;
      });
    queue.catch(() => {});
    return queue;
  };
  return {
    get age() {
      return performance.now() - last;
    },
    write: enqueue,
    begin(state) {
      if (!busy) enqueue(state);
    },
  };
}
