import {
  add,
  bernoulliLogProb,
  cast,
  compileStep,
  div,
  exp,
  grad,
  type HostTensor,
  hostTensor,
  logicalNot,
  matmul,
  mean,
  mul,
  neg,
  oneHot,
  type Runtime,
  type Spec,
  spec,
  specsOf,
  split,
  sqrt,
  sub,
  sum,
  type Tensor,
  type Trace,
  tanh,
} from '@reparam/tensor';
import { bools, bytes, ints, normals } from './row.ts';

const batchSize = 16;
const pixels = 24;
const latents = 3;

const names = ['w1', 'b1', 'w2', 'b2'] as const;
type Weights<T> = Record<(typeof names)[number], T>;
export type State<T> = { weights: Weights<T>; squares: Weights<T>; count: T; flag: T };
const each = <T>(make: (name: (typeof names)[number]) => T): Weights<T> => ({
  w1: make('w1'),
  b1: make('b1'),
  w2: make('w2'),
  b2: make('b2'),
});

const shapes: Weights<number[]> = {
  w1: [2 * latents, pixels],
  b1: [2 * latents],
  w2: [pixels, latents + 2],
  b2: [pixels],
};

/** Parameters, their running squared gradients, an integer and a truth value. */
export const initialState = (): State<HostTensor> => ({
  weights: each((k) => {
    const { data, shape } = normals(shapes[k], names.indexOf(k));
    return hostTensor(
      (data as Float32Array).map((v) => 0.3 * v),
      shape,
    );
  }),
  squares: each((k) => hostTensor(new Float32Array(shapes[k].reduce((a, b) => a * b, 1)), shapes[k])),
  count: ints([3], []),
  flag: bools([0], []),
});

export const stateSpec = specsOf(initialState()) as State<Spec>;
export const batchSpec = { x: spec([batchSize, pixels], 'uint8'), label: spec([batchSize], 'int32') };

export const sharedSpec = { offset: spec([pixels]), kept: spec([pixels], 'uint8') };
const shared = {
  offset: normals([pixels], 21),
  kept: bytes(Array.from({ length: pixels }, (_, i) => Number(i % 5 > 0))),
};

type Batch = { x: Tensor; label: Tensor };
type Shared = { offset: Tensor; kept: Tensor };

/** One step of a small conditional autoencoder: noise, labels, scalars, and a state of every element type. */
export function trainingStep(state: State<Tensor>, batch: Batch, trace: Trace, { offset, kept }: Shared) {
  const { w1, b1, w2, b2 } = state.weights;
  const x = cast(batch.x, 'float32');
  const visible = add(mul(x, cast(kept, 'float32')), offset);
  const hidden = tanh(matmul(visible, w1, { transB: true, bias: b1 }));
  const [loc, logScale] = split(hidden, 1, [latents, latents]) as [Tensor, Tensor];
  const z = add(loc, mul(exp(logScale), trace.noise('z', 'normal', [batchSize, latents])));
  const [byLatent, byLabel] = split(w2, 1, [latents, 2]) as [Tensor, Tensor];
  const labelled = matmul(oneHot(batch.label, 2), byLabel, { transB: true });
  const logits = add(add(matmul(z, byLatent, { transB: true }), labelled), b2);
  const distortion = neg(mean(sum(bernoulliLogProb(x, logits), { axes: 1 })));
  const squared = add(mul(loc, loc), exp(mul(2, logScale)));
  const rate = mean(sum(sub(mul(0.5, squared), logScale), { axes: 1 }));
  const loss = add(distortion, mul(trace.scalar('beta'), rate));
  const gradients = grad(loss, state.weights);
  const squares = each((k) => add(mul(0.9, state.squares[k]), mul(gradients[k], gradients[k])));
  // At least 0.1 is divided by and 0.02 of it moved, so that the rounding of a gradient is not enlarged.
  const weights = each((k) => {
    const scaled = div(gradients[k], add(sqrt(squares[k]), 0.1));
    return sub(state.weights[k], mul(trace.scalar('learningRate'), scaled));
  });
  const next: State<Tensor> = { weights, squares, count: add(state.count, 1), flag: logicalNot(state.flag) };
  return { state: next, outputs: { loss, rate, count: state.count } };
}

/** Runs `lengths[0]` steps in one call, then `lengths[1]` in the next, …; returns the last state and all outputs. */
export async function train(runtime: Runtime, lengths: readonly number[]) {
  const program = await compileStep(
    trainingStep,
    { state: stateSpec, batch: batchSpec, shared: sharedSpec },
    { runtime },
  );
  let state: State<HostTensor> = initialState();
  const losses: number[] = [];
  const counts: number[] = [];
  let done = 0;
  for (const steps of lengths) {
    const at = <T>(make: (i: number) => T, each: number) =>
      Array.from({ length: steps * each }, (_, i) => make(done * each + i));
    const rows = Int32Array.from(at((i) => (i * 7) % 50, batchSize));
    const batches = {
      x: hostTensor(Uint8Array.from(at((i) => Number((i * 2654435761) % 97 > 40), batchSize * pixels)), [
        steps,
        batchSize,
        pixels,
      ]),
      label: hostTensor(Int32Array.from(at((i) => (i >> 2) & 1, batchSize)), [steps, batchSize]),
    };
    const result = await program.run(state, batches, steps, {
      shared,
      noise: { seed: 5, rows, draws: Int32Array.from(at((i) => Math.floor(i / 50), batchSize)) },
      scalars: { beta: at((i) => 1 - i / 100, 1), learningRate: at(() => 0.02, 1) },
    });
    state = result.state as State<HostTensor>;
    losses.push(...(result.outputs.loss.data as Float32Array));
    counts.push(...(result.outputs.count.data as Int32Array));
    done += steps;
  }
  await program.dispose();
  return { state, losses, counts };
}
