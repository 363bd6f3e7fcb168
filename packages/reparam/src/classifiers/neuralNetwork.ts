import {
  compileStep,
  grad,
  type HostTensor,
  hostTensor,
  key,
  logSoftmax,
  mul,
  neg,
  ReparamError,
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
  type Dataset,
  type Examples,
  epochOrder,
  exampleSpecs,
  exampleTensors,
  exampleValues,
  fillBatches,
  withLabelCondition,
} from '../data/index.ts';
import { compileRows, mostProbable, probabilityFigures } from '../metrics/index.ts';
import { linear, type Module, sequential } from '../nn/index.ts';
import { adam, declareScalars, type HostScalars, scalarValues } from '../optim/index.ts';
import { branch, type HostParams, type SymbolicParams, trainable, withTrainable } from '../params.ts';
import type { Classifier, Features, FitClassifierOptions, FittedClassifier } from './classifier.ts';
import { asDataset, checkFeatures, labelledRows } from './features.ts';

/** How a network is trained. */
export interface NeuralNetworkOptions {
  /** From a row of features to the vector that the softmax layer sees. */
  readonly encoder: Module;
  /** Default: as many as present 300,000 rows, and 3 at least. */
  readonly epochs?: number;
  /** Default 128. */
  readonly batchSize?: number;
  /** Of the first step; it falls linearly to 0. Default 0.002. */
  readonly learningRate?: number;
  /** How often the validation rows are looked at, evenly over the epochs; default 30. */
  readonly looks?: number;
  /** Looks without a lower validation loss after which training ends; default 8. */
  readonly patience?: number;
}

/** A trained network. */
export interface FittedNetwork extends FittedClassifier {
  /** Width of what the encoder gives. */
  readonly codeSize: number;
  /** What the encoder gives for each row, [rows, codeSize]. */
  codes(features: Features): Promise<Float32Array>;
}

/** A network as a classifier. */
export interface NetworkClassifier extends Classifier {
  fit(features: Features, labels: Int32Array, options: FitClassifierOptions): Promise<FittedNetwork>;
  restore(params: HostParams, options: { runtime: Runtime }): FittedNetwork;
}

interface State {
  readonly params: HostParams;
  readonly optimizer: HostParams;
}

/**
 * An encoder and a softmax layer trained together by Adam on the cross-entropy of the labels. With validation rows, the
 * parameters are those of the epoch with the least log-loss on them. The same seed gives the same network.
 */
export function neuralNetwork(options: NeuralNetworkOptions): NetworkClassifier {
  const encoder = sequential([options.encoder]);
  return {
    name: 'neural-network',
    description: 'neural network with a softmax layer, trained by Adam',
    async fit(features, labels, { numClasses, runtime, seed = 0, validation, signal, onProgress }) {
      const known = labelledRows(features, labels, numClasses);
      const { rows, columns } = known.features;
      const { batchSize = 128, epochs = Math.max(3, Math.ceil(300_000 / rows)), looks = 30, patience = 8 } = options;
      const head = linear(numClasses);
      const params: HostParams = {
        body: encoder.init(key(seed), [columns]),
        head: head.init(key(seed + 1), encoder.outputShape([columns])),
      };
      const optimizer = adam();
      let state: State = { params, optimizer: optimizer.init(trainable(params)) };
      const data = withLabelCondition({ ...asDataset(known.features), labels: known.labels }, numClasses);
      const training = await compileTraining(encoder, data, state, { batchSize, optimizer, runtime });
      const judge = validation && (await compileJudge(encoder, validation.features, params, runtime));
      const between = Math.max(1, Math.ceil(epochs / looks));
      let best = { loss: Number.POSITIVE_INFINITY, epoch: 0, params: state.params };
      let epoch = 0;
      try {
        while (epoch < epochs) {
          state = await training.epoch(state, epoch, epochs, {
            seed,
            learningRate: options.learningRate ?? 2e-3,
            signal,
          });
          epoch++;
          onProgress?.(epoch / epochs);
          if (!judge || (epoch % between !== 0 && epoch < epochs)) continue;
          const { logLoss } = probabilityFigures(await judge.scores(state.params), validation.labels, numClasses);
          if (logLoss.value < best.loss) best = { loss: logLoss.value, epoch, params: state.params };
          if (epoch - best.epoch >= patience * between) break;
        }
      } finally {
        await training.dispose();
        await judge?.dispose();
      }
      return fitted(
        encoder,
        { ...(judge ? best.params : state.params), numFeatures: hostTensor(Int32Array.of(columns), []) },
        runtime,
        judge
          ? { rows, epochs: epoch, bestEpoch: best.epoch, validationLogLoss: best.loss }
          : { rows, epochs: epoch, bestEpoch: epoch },
      );
    },
    restore: (params, { runtime }) => fitted(encoder, params, runtime, {}),
  };
}

/** The number of classes is in the parameters; what applies them does not ask for it. */
const head = linear(1);
const logitsOf = (encoder: Module, params: SymbolicParams, x: Tensor, context: ReturnType<typeof traceContext>) => {
  const codes = encoder.apply(branch(params, 'body'), x, context);
  return { codes, logits: head.apply(branch(params, 'head'), codes, context) };
};

/** One epoch after the other of the rows of a labelled set, a few steps a call. */
async function compileTraining(
  encoder: Module,
  data: Dataset,
  start: State,
  { batchSize, optimizer, runtime }: { batchSize: number; optimizer: ReturnType<typeof adam>; runtime: Runtime },
) {
  const stepsPerCall = 16;
  const buffer = batchBuffer(data, { steps: stepsPerCall, batchSize });
  const scalars: HostScalars = new Map();
  const step = (
    current: { params: SymbolicParams; optimizer: SymbolicParams },
    batch: Examples<Tensor> & { weights: Tensor },
    trace: Trace,
  ) => {
    const { x, condition: labels } = exampleValues(batch, buffer);
    const updates = new Map<Tensor, Tensor>();
    const context = traceContext(trace, true, {
      weights: batch.weights,
      update: (buffered, next) => updates.set(buffered, next),
    });
    const { logits } = logitsOf(encoder, current.params, x, context);
    const loss = neg(sum(mul(sum(mul(labels!, logSoftmax(logits)), { axes: -1 }), batch.weights)));
    const trained = trainable(current.params);
    const gradients = grad(loss, trained) as SymbolicParams;
    const next = optimizer.update(gradients, current.optimizer, trained, declareScalars(trace, scalars));
    const params = withTrainable(current.params, next.params, (buffered) => updates.get(buffered) ?? buffered);
    return { state: { params, optimizer: next.state }, outputs: { loss } };
  };
  const program = await compileStep(
    step as never,
    { state: specsOf(start), batch: { ...exampleSpecs(buffer, batchSize), weights: spec([batchSize]) } } as never,
    { runtime },
  );
  const stepsPerEpoch = Math.ceil(data.size / batchSize);
  return {
    async epoch(
      state: State,
      epoch: number,
      epochs: number,
      how: { seed: number; learningRate: number; signal?: AbortSignal | undefined },
    ): Promise<State> {
      const { seed, learningRate, signal } = how;
      const totalSteps = epochs * stepsPerEpoch;
      const order = epochOrder(data.size, seed, epoch);
      let current = state;
      for (let first = 0; first < stepsPerEpoch; first += stepsPerCall) {
        signal?.throwIfAborted();
        const steps = Math.min(stepsPerCall, stepsPerEpoch - first);
        fillBatches(buffer, data, order, first * batchSize, { seed, draw: epoch });
        const at = epoch * stepsPerEpoch + first;
        const numbers = scalarValues(scalars, steps, (k) => ({
          learningRate: learningRate * (1 - (at + k) / totalSteps),
          progress: { step: at + k, stepsPerEpoch, totalSteps },
        }));
        const whole = {
          ...exampleTensors(buffer, [stepsPerCall, batchSize]),
          weights: hostTensor(buffer.weights, [stepsPerCall, batchSize]),
        };
        const batches = Object.fromEntries(
          Object.entries(whole).map(([name, tensor]) => [name, firstRows(tensor as HostTensor, steps)]),
        );
        const rows = buffer.rows.subarray(0, steps * batchSize);
        const noise = { seed, rows, draws: new Int32Array(rows.length).fill(epoch) };
        const result = await program.run(current as never, batches as never, steps, { scalars: numbers, noise });
        current = result.state as unknown as State;
      }
      return current;
    },
    dispose: () => program.dispose(),
  };
}

/** Log-probabilities [rows, K] and codes of rows by parameters that may change. */
async function compileJudge(encoder: Module, features: Features, params: HostParams, runtime: Runtime) {
  const program = await compileRows(
    (p, x, context) => {
      const { codes, logits } = logitsOf(encoder, p, x, context);
      return { codes, scores: logSoftmax(logits) };
    },
    params,
    asDataset(features),
    { runtime },
  );
  const run = async (current: HostParams, what: 'scores' | 'codes') =>
    (await program.run(current, { seed: 0, draw: 0 }))[what]!.data as Float32Array;
  return {
    scores: (current: HostParams) => run(current, 'scores'),
    codes: (current: HostParams) => run(current, 'codes'),
    dispose: () => program.dispose(),
  };
}

function fitted(
  encoder: Module,
  params: HostParams,
  runtime: Runtime,
  figures: Readonly<Record<string, number>>,
): FittedNetwork {
  const { numFeatures: width, ...network } = params;
  const { bias, weight } = (params.head ?? {}) as Readonly<Record<string, HostTensor | undefined>>;
  if (!bias || !weight || !params.body || !width) {
    throw new ReparamError('data', 'not the parameters of a network with a softmax layer', {
      got: Object.keys(params).join(', ') || 'nothing',
      expected: 'body, head and numFeatures',
    });
  }
  const numClasses = bias.shape[0]!;
  const numFeatures = Number((width as HostTensor).data[0]);
  const apply = async (features: Features, what: 'scores' | 'codes') => {
    const judge = await compileJudge(encoder, checkFeatures(features, numFeatures), network, runtime);
    return judge[what](network).finally(() => judge.dispose());
  };
  return {
    numClasses,
    numFeatures,
    codeSize: weight.shape[1]!,
    params,
    figures,
    hasProbabilities: true,
    scores: (features) => apply(features, 'scores'),
    codes: (features) => apply(features, 'codes'),
    predict: async (features) => mostProbable(await apply(features, 'scores'), numClasses),
  };
}

/** The first `count` along the first axis. */
function firstRows({ data, shape }: HostTensor, count: number): HostTensor {
  const size = data.length / shape[0]!;
  return hostTensor(data.subarray(0, count * size) as Float32Array, [count, ...shape.slice(1)]);
}
