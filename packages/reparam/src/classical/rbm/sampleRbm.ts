import {
  compileStep,
  foldIn,
  type HostTensor,
  hostTensor,
  key,
  type Runtime,
  type StepProgram,
  specsOf,
  type Tensor,
  type Trace,
  uniformArray,
} from '@reparam/tensor';
import type { SymbolicParams } from '../../params.ts';
import { gibbsSweep } from './contrastiveDivergence.ts';
import type { RbmParams } from './rbm.ts';

/** How an RBM is sampled. */
export interface RbmSampleOptions {
  readonly runtime: Runtime;
  readonly seed?: number;
  /** Gibbs sweeps from random bits; default 1000. */
  readonly sweeps?: number;
  readonly signal?: AbortSignal;
}

/** Draws of v after the last sweep, and the means p(v given h) they were drawn with; float32 [n, visible]. */
export interface RbmSamples {
  readonly v: HostTensor;
  readonly mean: HostTensor;
}

const sweepsPerCall = 100;

/** `n` Gibbs chains from random bits, `sweeps` sweeps long; chain i is the same whatever `n` is. */
export async function sampleRbm(params: RbmParams, n: number, options: RbmSampleOptions): Promise<RbmSamples> {
  const { runtime, seed = 0, sweeps = 1000, signal } = options;
  const visible = (params.visibleBias as HostTensor).shape[0]!;
  const bits = uniformArray(foldIn(key(seed), 'rbm/start'), n * visible).map((u) => (u < 0.5 ? 1 : 0));
  const start = { v: hostTensor(bits, [n, visible]), mean: hostTensor(new Float32Array(n * visible), [n, visible]) };
  const step = (
    state: { v: Tensor; mean: Tensor },
    _: unknown,
    trace: Trace,
    { params: p }: { params: SymbolicParams },
  ) => {
    const draw = (site: string, shape: Tensor['shape']) => trace.noise(site, 'uniform', shape as readonly number[]);
    const { v, probs } = gibbsSweep(p, state.v, draw, 'gibbs');
    return { state: { v, mean: probs }, outputs: {} };
  };
  const program = (await compileStep(
    step as never,
    { state: specsOf(start), batch: {}, shared: { params: specsOf(params) } },
    { runtime },
  )) as unknown as StepProgram<typeof start, Record<string, never>, Record<string, never>, { params: RbmParams }>;
  try {
    let state: RbmSamples = start;
    for (let done = 0; done < sweeps; done += sweepsPerCall) {
      signal?.throwIfAborted();
      const steps = Math.min(sweepsPerCall, sweeps - done);
      const rows = Int32Array.from({ length: steps * n }, (_, i) => i % n);
      const draws = Int32Array.from({ length: steps * n }, (_, i) => done + Math.floor(i / n));
      ({ state } = await program.run(state as typeof start, {}, steps, {
        shared: { params },
        noise: { seed, rows, draws },
      }));
    }
    return state;
  } finally {
    await program.dispose();
  }
}
