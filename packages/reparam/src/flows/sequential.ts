import {
  broadcastTo,
  compileStep,
  constant,
  equal,
  type Float32Tensor,
  type HostTensor,
  hostTensor,
  ReparamError,
  type Runtime,
  type StepProgram,
  spec,
  specsOf,
  type Tensor,
  where,
} from '@reparam/tensor';
import { type Context, traceContext } from '../context.ts';
import type { HostParams, SymbolicParams } from '../params.ts';
import type { Sequential } from './flow.ts';

/** The largest number of dimensions for which an autoregressive net is unrolled within a graph. */
export const unrolledDims = 64;

/** One pass for each dimension, within the graph. Refused above 64 dimensions, where the graph would be too large. */
export function unroll(
  { ranks, step }: Sequential,
  params: SymbolicParams,
  target: Tensor,
  context: Context,
  features?: Tensor,
): Tensor {
  const dim = target.shape.at(-1) as number;
  if (dim > unrolledDims) {
    throw new ReparamError('unsupported', 'the inverse of an autoregressive net within a program', {
      got: `${dim} dimensions, so as many passes of the net`,
      expected: `at most ${unrolledDims}`,
      fix: 'Use invertFlow, which repeats a compiled pass, or an affine coupling, whose inverse is one pass',
    });
  }
  const rank = ranks(dim);
  // Every dimension is 0 until its turn, so that nothing overflows before it.
  let guess = broadcastTo(constant(0), target.shape);
  for (let turn = 0; turn < dim; turn++) {
    const isTurn = { dtype: 'bool' as const, shape: [dim], data: Uint8Array.from(rank, (r) => (r === turn ? 1 : 0)) };
    guess = where(constant(isTurn), step(params, guess, target, context, features), guess);
  }
  return guess;
}

/** How a flow is inverted outside a graph. */
export interface InvertOptions {
  readonly runtime: Runtime;
  readonly signal?: AbortSignal | undefined;
}

/** Passes in one call of the runtime. */
const passesPerCall = 32;

/** One pass for each dimension of `target` [n, dim], by a program that is compiled once: float32 [n, dim]. */
export async function dimensionByDimension(
  { ranks, step }: Sequential,
  params: HostParams,
  target: HostTensor,
  { runtime, signal }: InvertOptions,
): Promise<Float32Tensor> {
  const dim = target.shape[1]!;
  const rank = constant(hostTensor(Float32Array.from(ranks(dim)), [dim]));
  type Shared = { params: HostParams; target: HostTensor };
  const program = (await compileStep(
    ((
      { guess }: { guess: Tensor },
      { turn }: { turn: Tensor },
      trace: Parameters<typeof traceContext>[0],
      shared: { params: SymbolicParams; target: Tensor },
    ) => {
      const next = step(shared.params, guess, shared.target, traceContext(trace, false));
      return { state: { guess: where(equal(rank, turn), next, guess) }, outputs: {} };
    }) as never,
    {
      state: { guess: spec(target.shape) },
      batch: { turn: spec([]) },
      shared: { params: specsOf(params), target: spec(target.shape) },
    },
    { runtime },
  )) as unknown as StepProgram<{ guess: HostTensor }, { turn: HostTensor }, object, Shared>;
  let guess: HostTensor = hostTensor(new Float32Array(target.data.length), target.shape);
  try {
    for (let pass = 0; pass < dim; pass += passesPerCall) {
      signal?.throwIfAborted();
      const steps = Math.min(passesPerCall, dim - pass);
      const turn = hostTensor(
        Float32Array.from({ length: steps }, (_, k) => pass + k),
        [steps],
      );
      ({ guess } = (await program.run({ guess }, { turn }, steps, { shared: { params, target } })).state);
    }
    return hostTensor(Float32Array.from(guess.data as Float32Array), guess.shape);
  } finally {
    await program.dispose();
  }
}
