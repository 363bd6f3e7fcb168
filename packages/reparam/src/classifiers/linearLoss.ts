import {
  add,
  cast,
  compileStep,
  exp,
  grad,
  type HostTensor,
  hostTensor,
  log,
  matmul,
  max,
  mul,
  oneHot,
  type Runtime,
  relu,
  spec,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import type { Features, LabelledFeatures } from './classifier.ts';
import type { ValueAndGradient } from './lbfgs.ts';

/** The loss of each row: scores [B, K] and one-hot labels [B, K] to [B]. */
export type RowLoss = (scores: Tensor, labels: Tensor) => Tensor;

/** −log softmax(scores)[label]. */
export const crossEntropy: RowLoss = (scores, labels) => {
  const shifted = sub(scores, stopGradient(max(scores, { axes: -1, keepDims: true })));
  return sub(log(sum(exp(shifted), { axes: -1 })), sum(mul(labels, shifted), { axes: -1 }));
};

/** Σ_k max(0, 1 − s_k score_k)², s_k = 1 for the label and −1 for the others. */
export const squaredHinge: RowLoss = (scores, labels) =>
  sum(square(relu(sub(1, mul(sub(mul(labels, 2), 1), scores)))), { axes: -1 });

/** Rows in a product: about two megabytes of them as 32-bit numbers stay in the cache between both of their uses. */
const chunkRows = (columns: number): number => Math.max(16, Math.min(4096, Math.round(2 ** 19 / columns)));
/** Chunks in a call: as many are summed in 32 bits before the sums go on in 64. */
const chunksPerCall = 16;

/** A loss of linear scores over fixed rows. */
export interface LinearLoss {
  /** Mean loss of the rows and its gradient at weights [K, D] followed by the bias [K], one after the other. */
  evaluate(point: Float64Array): Promise<ValueAndGradient>;
  dispose(): Promise<void>;
}

/**
 * The mean over rows of `loss` of W·x + b. One compiled pass over the rows gives value and gradient; bytes stay bytes until
 * their chunk is multiplied, and memory beside the rows is a chunk.
 */
export async function linearLoss(
  { features, labels }: LabelledFeatures,
  numClasses: number,
  loss: RowLoss,
  runtime: Runtime,
): Promise<LinearLoss> {
  const { data, rows, columns, scale = 1 } = features;
  const bytes = data instanceof Uint8Array;
  const chunk = Math.min(rows, chunkRows(columns));
  const weightCount = columns * numClasses;
  const specs = {
    state: { weights: spec([numClasses, columns]), bias: spec([numClasses]) },
    batch: {
      x: spec([chunk, columns], bytes ? 'uint8' : 'float32'),
      labels: spec([chunk], 'int32'),
      real: spec([chunk]),
    },
    shared: { weights: spec([numClasses, columns]), bias: spec([numClasses]) },
  };
  const program = await compileStep(
    (gradient, batch, _trace, at) => {
      const x = bytes ? cast(batch.x, 'float32') : batch.x;
      const scores = matmul(x, at.weights, { transB: true, bias: at.bias });
      const total = sum(mul(loss(scores, oneHot(batch.labels, numClasses)), batch.real));
      const slopes = grad(total, { weights: at.weights, bias: at.bias });
      const state = { weights: add(gradient.weights, slopes.weights), bias: add(gradient.bias, slopes.bias) };
      return { state, outputs: { total } };
    },
    specs,
    { runtime },
  );

  const calls = callsOf({ features, labels }, chunk);
  const zero = {
    weights: hostTensor(new Float32Array(weightCount), [numClasses, columns]),
    bias: hostTensor(new Float32Array(numClasses), [numClasses]),
  };
  return {
    async evaluate(point) {
      const shared = {
        weights: hostTensor(
          Float32Array.from(point.subarray(0, weightCount), (w) => w * scale),
          [numClasses, columns],
        ),
        bias: hostTensor(Float32Array.from(point.subarray(weightCount)), [numClasses]),
      };
      let value = 0;
      const gradient = new Float64Array(point.length);
      for (const { steps, ...batches } of calls) {
        const { state, outputs } = await program.run(zero, batches, steps, { shared });
        for (const total of outputs.total.data as Float32Array) value += total;
        const [weights, bias] = [state.weights.data as Float32Array, state.bias.data as Float32Array];
        for (let i = 0; i < weightCount; i++) gradient[i]! += weights[i]!;
        for (let k = 0; k < numClasses; k++) gradient[weightCount + k]! += bias[k]!;
      }
      for (let i = 0; i < point.length; i++) gradient[i]! *= (i < weightCount ? scale : 1) / rows;
      return { value: value / rows, gradient };
    },
    dispose: () => program.dispose(),
  };
}

/** The rows in chunks, as views; what does not fill the last chunk is padded in a copy. */
function callsOf({ features: { data, rows, columns }, labels }: LabelledFeatures, chunk: number) {
  const calls: { steps: number; x: HostTensor; labels: HostTensor; real: HostTensor }[] = [];
  const add = (steps: number, x: Features['data'], own: Int32Array, real: Float32Array) =>
    calls.push({
      steps,
      x: hostTensor(x, [steps, chunk, columns]),
      labels: hostTensor(own, [steps, chunk]),
      real: hostTensor(real, [steps, chunk]),
    });
  const whole = Math.floor(rows / chunk);
  for (let first = 0; first < whole; first += chunksPerCall) {
    const steps = Math.min(chunksPerCall, whole - first);
    const [from, to] = [first * chunk, (first + steps) * chunk];
    add(
      steps,
      data.subarray(from * columns, to * columns),
      labels.subarray(from, to),
      new Float32Array(to - from).fill(1),
    );
  }
  const left = rows - whole * chunk;
  if (left > 0) {
    const x = data instanceof Uint8Array ? new Uint8Array(chunk * columns) : new Float32Array(chunk * columns);
    x.set(data.subarray(whole * chunk * columns));
    const own = new Int32Array(chunk);
    own.set(labels.subarray(whole * chunk));
    add(1, x, own, new Float32Array(chunk).fill(1, 0, left));
  }
  return calls;
}
