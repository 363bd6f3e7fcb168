import {
  compileStep,
  grad,
  type HostTensor,
  hostTensor,
  key,
  logSoftmax,
  mul,
  neg,
  type Runtime,
  spec,
  specsOf,
  sum,
  type Tensor,
  type Trace,
} from '@reparam/tensor';
import { traceContext } from '../context.ts';
import {
  batchBuffer,
  createDataset,
  type Dataset,
  type Examples,
  epochOrder,
  exampleSpecs,
  exampleTensors,
  exampleValues,
  fillBatches,
  widthOf,
  withLabelCondition,
} from '../data/index.ts';
import { activation, linear, mlp, sequential } from '../nn/index.ts';
import { adam, declareScalars, type HostScalars, scalarValues } from '../optim/index.ts';
import { branch, type HostParams, type SymbolicParams } from '../params.ts';
import { compileRows } from './rows.ts';

/** How a classifier is trained. */
export interface ClassifierOptions {
  readonly runtime: Runtime;
  /** Sizes of its hidden layers; the last one's values are the features. */
  readonly hidden?: readonly number[];
  /** Default: as many as present 300,000 examples, and 3 at least. */
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly seed?: number;
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/** A small network trained on labels: what it says of rows of values in the model's units, row-major. */
export interface Classifier {
  /** Width of the features. */
  readonly numFeatures: number;
  /** Values of its last hidden layer [rows, numFeatures]. */
  features(rows: Float32Array): Promise<Float32Array>;
  /** Most probable class of each row. */
  classify(rows: Float32Array): Promise<Int32Array>;
}

/**
 * Trains a multilayer perceptron with relu by Adam on the cross-entropy of the labels of `dataset`; the same seed gives the
 * same network. Throws `data` without labels.
 */
export async function trainClassifier(dataset: Dataset, options: ClassifierOptions): Promise<Classifier> {
  const { runtime, hidden = [256, 64], batchSize = 128, learningRate = 2e-3, seed = 0 } = options;
  const { epochs = Math.max(3, Math.ceil(300_000 / dataset.size)) } = options;
  const { onProgress, signal } = options;
  const labelled = withLabelCondition(dataset);
  const width = widthOf(dataset);
  const classes = labelled.condition!.size;
  const body = sequential([mlp(hidden), activation('identity')]);
  const head = linear(classes);
  const numFeatures = hidden.at(-1)!;
  const optimizer = adam();
  const params = { body: body.init(key(seed), [width]), head: head.init(key(seed + 1), [numFeatures]) };
  let state = { params: params as HostParams, optimizer: optimizer.init(params) };

  const stepsPerCall = 16;
  const buffer = batchBuffer(labelled, { steps: stepsPerCall, batchSize });
  type State = { params: SymbolicParams; optimizer: SymbolicParams };
  const scalars: HostScalars = new Map();
  const step = (current: State, batch: Examples<Tensor> & { weights: Tensor }, trace: Trace) => {
    const { x, condition: labels } = exampleValues(batch, buffer);
    const context = traceContext(trace, true);
    const logits = head.apply(
      branch(current.params, 'head'),
      body.apply(branch(current.params, 'body'), x, context),
      context,
    );
    const loss = neg(sum(mul(sum(mul(labels!, logSoftmax(logits)), { axes: -1 }), batch.weights)));
    const gradients = grad(loss, current.params) as SymbolicParams;
    const updated = optimizer.update(gradients, current.optimizer, current.params, declareScalars(trace, scalars));
    return { state: { params: updated.params, optimizer: updated.state }, outputs: { loss } };
  };
  const program = await compileStep(
    step as never,
    { state: specsOf(state), batch: { ...exampleSpecs(buffer, batchSize), weights: spec([batchSize]) } } as never,
    { runtime },
  );
  try {
    const stepsPerEpoch = Math.ceil(dataset.size / batchSize);
    const totalSteps = epochs * stepsPerEpoch;
    for (let at = 0; at < totalSteps; ) {
      signal?.throwIfAborted();
      const epoch = Math.floor(at / stepsPerEpoch);
      const first = at - epoch * stepsPerEpoch;
      const steps = Math.min(stepsPerCall, stepsPerEpoch - first);
      fillBatches(buffer, labelled, epochOrder(dataset.size, seed, epoch), first * batchSize, { seed, draw: epoch });
      const numbers = scalarValues(scalars, steps, (k) => ({
        learningRate: learningRate * (1 - (at + k) / totalSteps),
        progress: { step: at + k, stepsPerEpoch, totalSteps },
      }));
      const whole = {
        ...exampleTensors(buffer, [stepsPerCall, batchSize]),
        weights: hostTensor(buffer.weights, [stepsPerCall, batchSize]),
      };
      const batches = Object.fromEntries(
        Object.entries(whole).map(([name, t]) => [name, firstRows(t as HostTensor, steps)]),
      );
      const result = await program.run(state as never, batches as never, steps, { scalars: numbers });
      state = result.state as unknown as typeof state;
      at += steps;
      onProgress?.(at / totalSteps);
    }
  } finally {
    await program.dispose();
  }

  const apply = async (rows: Float32Array): Promise<{ features: HostTensor; logits: HostTensor }> => {
    const data = createDataset({ name: 'rows', data: rows, shape: [width] });
    const run = await compileRows(
      (p, x, context) => {
        const features = body.apply(branch(p, 'body'), x, context);
        return { features, logits: head.apply(branch(p, 'head'), features, context) };
      },
      state.params,
      data,
      { runtime },
    );
    return run.run(state.params, { seed, draw: 0, signal }).finally(() => run.dispose()) as never;
  };
  return {
    numFeatures,
    features: async (rows) => (await apply(rows)).features.data as Float32Array,
    classify: async (rows) => {
      const { logits } = await apply(rows);
      return Int32Array.from({ length: rows.length / width }, (_, row) =>
        largest(logits.data as Float32Array, row, classes),
      );
    },
  };
}

/** The first `count` along the first axis. */
function firstRows({ data, shape }: HostTensor, count: number): HostTensor {
  const size = data.length / shape[0]!;
  return hostTensor(data.subarray(0, count * size) as Float32Array, [count, ...shape.slice(1)]);
}

function largest(values: Float32Array, row: number, columns: number): number {
  let best = 0;
  for (let j = 1; j < columns; j++) if (values[row * columns + j]! > values[row * columns + best]!) best = j;
  return best;
}
