import { mul, sum, type Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { LatentModel } from '../models/latentModel.ts';
import type { ScheduleLike } from '../optim/index.ts';
import type { SymbolicParams } from '../params.ts';

/** One minibatch inside a trace. */
export interface Batch {
  /** [B, dataSize] float32. */
  readonly x: Tensor;
  /** [B]: 0 for padding, else 1/n for each of the n real rows, or what makes a mixed batch stand for the whole set; sums to 1. */
  readonly weights: Tensor;
  /** [L, K] float32, 0 or 1: the labels of the first L rows, which are the labelled ones; for objectives that ask for them. */
  readonly targets?: Tensor | undefined;
}

/** What an objective sees of the step it is traced in. */
export interface ObjectiveContext extends Context {
  /** Examples in the whole training set, of which the batch is a part. */
  readonly datasetSize: number;
  /** A number that follows `schedule`, as a scalar input called `name`. */
  schedule(name: string, schedule: ScheduleLike): Tensor;
}

/** What an objective makes of a batch: a scalar to minimise, and terms to report. */
export interface Loss {
  /** Scalar to minimise, nats per example unless the objective says otherwise. */
  readonly loss: Tensor;
  /** Scalars to report: averages over the batch in nats per example. `elbo` is always among them. */
  readonly terms: Readonly<Record<'elbo' | 'rate' | 'distortion', Tensor>> & Readonly<Record<string, Tensor>>;
}

/** What training maximises or minimises, as an expression in a model's distributions. */
export interface Objective {
  readonly name: string;
  /** One line: exactly what is maximised. */
  readonly description: string;
  /** Schedules early stopping must wait for. */
  readonly schedules: readonly ScheduleLike[];
  /** Set where the loss is no sum over examples, so that a batch cannot be cut into micro-batches. */
  readonly needsWholeBatch?: boolean;
  /** Set where the loss needs labels: `batch.targets` is there then, and the condition of a conditional model is not. */
  readonly needsTargets?: boolean;
  loss(model: LatentModel, params: SymbolicParams, batch: Batch, context: ObjectiveContext): Loss;
}

/** Average over the real rows of the batch: Σ w_b v_b, for v of shape [B]. */
export const batchMean = (perRow: Tensor, { weights }: Batch): Tensor => sum(mul(perRow, weights));
