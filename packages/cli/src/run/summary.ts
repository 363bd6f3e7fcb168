import type { JsonRecord } from 'reparam/io/node';
import type { RunConfig } from '../config/schema.ts';

/** How a run was trained, for `--json`. */
export interface TrainingSummary {
  readonly run: string;
  readonly seed: number;
  readonly epochs: number;
  readonly steps: number;
  /** Time spent on epochs. */
  readonly seconds: number;
  /** Median over epochs of the median milliseconds a step. */
  readonly stepMs: number | null;
}

/** The summary of the epochs in `metrics`. */
export function summarize(folder: string, config: RunConfig, metrics: readonly JsonRecord[]): TrainingSummary {
  const numbers = (key: string) => metrics.map((record) => Number(record[key])).filter(Number.isFinite);
  const stepTimes = numbers('stepMs').sort((a, b) => a - b);
  return {
    run: folder,
    seed: config.training.seed,
    epochs: metrics.length,
    steps: numbers('step').at(-1) ?? 0,
    seconds: numbers('seconds').reduce((sum, each) => sum + each, 0),
    stepMs: stepTimes[stepTimes.length >> 1] ?? null,
  };
}
