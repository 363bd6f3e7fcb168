import type { Runtime } from '@reparam/tensor';
import type { AnyDataset, Binarization } from '../data/index.ts';
import type { BoundAverages } from '../metrics/index.ts';
import type { Objective } from '../objectives/index.ts';
import type { Optimizer, ScheduleLike } from '../optim/index.ts';
import type { HostParams } from '../params.ts';

/** When training stops before its last epoch. */
export interface EarlyStopping {
  /** Epochs without a better validation ELBO after which training stops. Counted once schedules have settled. */
  readonly patience: number;
  /** Smallest gain, in nats, that counts as better. */
  readonly minDelta?: number;
}

/** How a model is trained. */
export interface FitOptions {
  readonly runtime: Runtime;
  readonly epochs: number;
  readonly batchSize?: number;
  /** Rows with a label in each batch, where the objective needs labels and only some examples have one; default: half. */
  readonly labelledBatchSize?: number;
  /** Default: the ELBO. */
  readonly objective?: Objective;
  /** Default: Adam. */
  readonly optimizer?: Optimizer;
  readonly learningRate?: ScheduleLike;
  readonly seed?: number;
  /** How grey values become bits; default `none`. */
  readonly binarization?: Binarization;
  readonly validation?: AnyDataset;
  /** Needs `validation`. */
  readonly earlyStopping?: EarlyStopping;
  /** Parts a batch is cut into to save memory; the step is the same. */
  readonly microBatches?: number;
  /** Stops after the running call with an `interrupted` error; `state` is then a checkpoint. */
  readonly signal?: AbortSignal;
  /** Where the parameters start; default: where the model and the seed put them. */
  readonly params?: HostParams;
  /** Continue from here: the same numbers come out as if training had never stopped. */
  readonly state?: TrainingState;
  /** Steps per call of the runtime; by default as many as take about 100 ms. */
  readonly stepsPerCall?: number;
  /** Called after each call of the runtime. */
  readonly onProgress?: (progress: FitProgress) => void;
}

/** How far training has come, after a call of the runtime. */
export interface FitProgress {
  readonly epoch: number;
  readonly epochs: number;
  /** Steps of this epoch taken so far, and in all. */
  readonly stepInEpoch: number;
  readonly stepsPerEpoch: number;
  readonly step: number;
  /** Loss of the last step. */
  readonly loss: number;
  /** Milliseconds a step, over the last call. */
  readonly stepMs: number;
}

/** Everything training needs to go on: the same numbers come out as if it had never stopped. */
export interface TrainingState {
  readonly params: HostParams;
  readonly optimizer: HostParams;
  /** Steps taken. */
  readonly step: number;
  /** Sums of each reported term times rows, over the steps of the unfinished epoch. */
  readonly sums: Readonly<Record<string, number>>;
  /** Best validation so far. */
  readonly best?: { readonly epoch: number; readonly elbo: number; readonly params: HostParams } | undefined;
}

/** Averages over an epoch, nats per example. */
export type Terms = Readonly<Record<'loss' | 'elbo' | 'rate' | 'distortion', number>> &
  Readonly<Record<string, number>>;

/** What an epoch yields: averages over it, and validation figures at its end. */
export interface EpochReport {
  /** 1 for the first. */
  readonly epoch: number;
  readonly step: number;
  readonly train: Terms;
  readonly validation?: BoundAverages;
  readonly learningRate: number;
  readonly seconds: number;
  /** Median milliseconds a step, without data. */
  readonly stepMs: number;
  readonly isBest: boolean;
}
