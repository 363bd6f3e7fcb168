import { type HostTensor, hostTensor, key, ReparamError } from '@reparam/tensor';
import {
  type AnyDataset,
  batchBuffer,
  drawsOf,
  type EpochRows,
  exampleRows,
  exampleTensors,
  fillBatches,
  meanOf,
  mixedOrder,
  type Presentation,
  plainOrder,
} from '../data/index.ts';
import { evaluateBound } from '../metrics/bound.ts';
import { requireData } from '../metrics/index.ts';
import type { LatentModel } from '../models/index.ts';
import { elbo } from '../objectives/index.ts';
import { adam, asSchedule, type Progress, scalarValues } from '../optim/index.ts';
import { trainable } from '../params.ts';
import { checkState } from './checkState.ts';
import { flushDenormals, flushInterval } from './denormals.ts';
import { checkFinite } from './diverged.ts';
import type { EpochReport, FitOptions, Terms, TrainingState } from './fitOptions.ts';
import { compileTrainingStep, type TrainingStep } from './trainingStep.ts';

/** How long one call of the runtime should take: long enough to make its costs small, short enough to stay responsive. */
const callMilliseconds = 100;
const maxStepsPerCall = 256;
/** Examples that a flow's normalisation starts from. */
const startingRows = 256;

/** A training run: iterate over it to train. `state` is a checkpoint at any time between two epochs or after a stop. */
export interface Training extends AsyncIterable<EpochReport> {
  readonly state: TrainingState;
  /** Parameters to use: the best on validation data with early stopping, the latest otherwise. */
  readonly params: TrainingState['params'];
  readonly stepsPerEpoch: number;
  /** Exactly what is maximised. */
  readonly description: string;
}

/**
 * Trains `model` on `data`.
 * @example for await (const epoch of fit(model, data, { runtime, epochs: 10 })) console.log(epoch.train.elbo);
 */
export function fit(model: LatentModel, data: AnyDataset, options: FitOptions): Training {
  return new Fit(model, data, options);
}

class Fit implements Training {
  state: TrainingState;
  readonly stepsPerEpoch: number;
  readonly #presentation: Presentation;
  readonly #model: LatentModel;
  readonly #data: AnyDataset;
  readonly #options: FitOptions;
  readonly #seed: number;
  readonly #batchSize: number;
  #stepsPerCall: number;

  constructor(model: LatentModel, data: AnyDataset, options: FitOptions) {
    checkOptions(model, data, options);
    const { objective = elbo() } = options;
    this.#model = model;
    this.#data = objective.needsTargets ? { ...data, condition: undefined } : { ...data, targets: undefined };
    this.#options = options;
    this.#seed = options.seed ?? 0;
    this.#batchSize = options.batchSize ?? 128;
    this.#stepsPerCall = options.stepsPerCall ?? 8;
    this.#presentation = objective.needsTargets
      ? mixedOrder(data, this.#batchSize, this.#seed, options.labelledBatchSize)
      : plainOrder(data, this.#batchSize, this.#seed);
    this.stepsPerEpoch = this.#presentation.steps;
    const fresh = this.#fresh();
    const { state, params } = options;
    if (state) checkState('training state is not of this model and optimiser', state, fresh);
    if (params) checkState('parameters are not of this model', { params }, { params: fresh.params });
    this.state = state ?? (params ? { ...fresh, params } : fresh);
  }

  get description(): string {
    return (this.#options.objective ?? elbo()).description;
  }

  get params(): TrainingState['params'] {
    return (this.#options.earlyStopping && this.state.best?.params) || this.state.params;
  }

  #fresh(): TrainingState {
    const { optimizer = adam() } = this.#options;
    const data = this.#data;
    const params = this.#model.init(key(this.#seed), {
      dataMean: meanOf(data),
      // Few models ask for examples.
      get dataRows() {
        return exampleRows(data, startingRows);
      },
    });
    return { params, optimizer: optimizer.init(trainable(params)), step: 0, sums: {} };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<EpochReport> {
    const {
      runtime,
      objective = elbo(),
      optimizer = adam(),
      epochs,
      binarization = 'none',
      validation,
    } = this.#options;
    const step = await compileTrainingStep({
      model: this.#model,
      objective,
      optimizer,
      runtime,
      state: { params: this.state.params, optimizer: this.state.optimizer },
      buffer: this.#buffer(1),
      datasetSize: this.#data.size,
      numLabelled: this.#presentation.numLabelled,
      ...(this.#options.microBatches !== undefined && { microBatches: this.#options.microBatches }),
    });
    const validator = validation && (await evaluateBound.prepare(this.#model, validation, { runtime, binarization }));
    try {
      while (this.#epoch < epochs && !this.#hasStopped()) {
        yield await this.#runEpoch(step, validator);
      }
    } finally {
      await step.program.dispose();
      await validator?.dispose();
    }
  }

  get #epoch(): number {
    return Math.floor(this.state.step / this.stepsPerEpoch);
  }

  async #runEpoch(step: TrainingStep, validator: Awaited<ReturnType<typeof evaluateBound.prepare>> | undefined) {
    const started = performance.now();
    const epoch = this.#epoch;
    const rows = this.#presentation.epoch(epoch);
    const times: number[] = [];
    while (this.#epoch === epoch) {
      this.#checkSignal();
      times.push(await this.#call(step, rows, epoch));
    }
    const count = this.#presentation.size;
    const train = Object.fromEntries(
      Object.entries(this.state.sums).map(([term, sum]) => [term, sum / count]),
    ) as Terms;
    this.state = { ...this.state, sums: {} };
    const terms = await validator?.run(this.state.params, { seed: this.#seed, draw: epoch });
    const isBest = terms !== undefined && this.#keepBest(epoch + 1, terms.elbo);
    return {
      epoch: epoch + 1,
      step: this.state.step,
      train,
      ...(terms && { validation: terms }),
      learningRate: this.#learningRate(this.state.step - 1),
      seconds: (performance.now() - started) / 1000,
      stepMs: median(times),
      isBest,
    };
  }

  /** Runs the next few steps of the epoch in one call; returns milliseconds a step. */
  async #call(step: TrainingStep, rows: EpochRows, epoch: number): Promise<number> {
    const { binarization = 'none', onProgress, epochs } = this.#options;
    const inEpoch = this.state.step - epoch * this.stepsPerEpoch;
    const untilFlush = flushInterval - (this.state.step % flushInterval);
    const steps = Math.min(this.#stepsPerCall, this.stepsPerEpoch - inEpoch, untilFlush);
    const batchSize = this.#batchSize;
    const buffer = this.#buffer(steps);
    const first = inEpoch * batchSize;
    fillBatches(buffer, this.#data, rows.order, first, { binarization, seed: this.#seed, draw: rows.draws });
    if (rows.weights) buffer.weights.set(rows.weights.subarray(first, first + buffer.weights.length));

    const scalars = scalarValues(step.scalars, steps, (k) => {
      const progress = this.#progress(this.state.step + k);
      return { learningRate: this.#learningRate(progress.step), progress };
    });
    const places = steps * batchSize;
    const draws =
      typeof rows.draws === 'number' ? new Int32Array(places).fill(rows.draws) : drawsOf(rows.draws, first, places);
    const started = performance.now();
    const { state, outputs } = await step.program.run(
      { params: this.state.params, optimizer: this.state.optimizer },
      {
        ...exampleTensors(buffer, [steps, batchSize]),
        weights: hostTensor(buffer.weights, [steps, batchSize]),
      },
      steps,
      { noise: { seed: this.#seed, rows: buffer.rows, draws }, scalars },
    );
    const stepMs = (performance.now() - started) / steps;
    checkFinite(outputs, state.params, this.state.step, steps);
    if (steps === untilFlush) flushDenormals(state.optimizer);

    const sums: Record<string, number> = { ...this.state.sums };
    for (let k = 0; k < steps; k++) {
      const count = this.#presentation.sizeOf(inEpoch + k);
      for (const [term, { data }] of Object.entries(outputs)) sums[term] = (sums[term] ?? 0) + Number(data[k]) * count;
    }
    this.state = { ...this.state, ...state, step: this.state.step + steps, sums };
    if (this.#options.stepsPerCall === undefined) {
      const wanted = Math.round(callMilliseconds / Math.max(stepMs, 1e-3));
      this.#stepsPerCall = Math.min(Math.max(wanted, 1), this.#stepsPerCall * 2, maxStepsPerCall);
    }
    onProgress?.({
      epoch: epoch + 1,
      epochs,
      stepInEpoch: inEpoch + steps,
      stepsPerEpoch: this.stepsPerEpoch,
      step: this.state.step,
      loss: lastOf(outputs.loss!),
      stepMs,
    });
    // A turn of the event loop, so that signals and other tasks get in.
    await new Promise((resolve) => setTimeout(resolve));
    return stepMs;
  }

  #reused: ReturnType<typeof batchBuffer> | undefined;

  #buffer(steps: number) {
    if (this.#reused?.steps !== steps) {
      const { binarization = 'none' } = this.#options;
      this.#reused = batchBuffer(this.#data, { steps, batchSize: this.#batchSize, binarization });
    }
    return this.#reused;
  }

  #progress(step: number): Progress {
    const { stepsPerEpoch } = this;
    return { step, stepsPerEpoch, totalSteps: this.#options.epochs * stepsPerEpoch };
  }

  #learningRate(step: number): number {
    return asSchedule(this.#options.learningRate ?? 1e-3).at(this.#progress(step));
  }

  #checkSignal(): void {
    if (!this.#options.signal?.aborted) return;
    throw new ReparamError('interrupted', 'training was interrupted', {
      got: `${this.state.step} steps done`,
      fix: 'Resume from the checkpoint',
    });
  }

  #keepBest(epoch: number, value: number): boolean {
    const { earlyStopping } = this.#options;
    if (!earlyStopping || epoch * this.stepsPerEpoch < this.#settledStep()) return false;
    const { best, params } = this.state;
    if (best && value < best.elbo + (earlyStopping.minDelta ?? 0)) return false;
    this.state = { ...this.state, best: { epoch, elbo: value, params } };
    return true;
  }

  #hasStopped(): boolean {
    const { earlyStopping } = this.#options;
    const { best } = this.state;
    return earlyStopping !== undefined && best !== undefined && this.#epoch - best.epoch >= earlyStopping.patience;
  }

  /** The step from which on the objective is the final one: before it, validation figures do not compare. */
  #settledStep(): number {
    const { objective = elbo() } = this.#options;
    return Math.max(0, ...objective.schedules.map((s) => asSchedule(s).settledAt?.(this.#progress(0)) ?? 0));
  }
}

function checkOptions(model: LatentModel, data: AnyDataset, options: FitOptions): void {
  const { batchSize = 128, epochs, learningRate, earlyStopping, validation, stepsPerCall = 1, binarization } = options;
  const { objective = elbo() } = options;
  requireData(objective.needsTargets ? { ...model, conditionSize: undefined } : model, data, binarization);
  if (validation) requireData(model, validation, binarization);
  const positive = (name: string, value: number) => {
    if (Number.isInteger(value) && value > 0) return;
    throw new ReparamError('config', name, { got: String(value), expected: 'a positive whole number' });
  };
  positive('batchSize', batchSize);
  positive('epochs', epochs);
  positive('stepsPerCall', stepsPerCall);
  if (typeof learningRate === 'number' && !(learningRate >= 0 && Number.isFinite(learningRate))) {
    throw new ReparamError('config', 'learningRate', {
      got: String(learningRate),
      expected: 'a number, 0 or more, or a schedule',
    });
  }
  if (!earlyStopping) return;
  positive('patience', earlyStopping.patience);
  if (!validation) {
    throw new ReparamError('config', 'early stopping needs validation data', {
      got: 'no validation set',
      fix: 'Set a validation share, or leave early stopping out',
    });
  }
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
};

const lastOf = ({ data }: HostTensor): number => Number(data[data.length - 1]);
