import {
  compile,
  flatten,
  grad,
  type HostTensor,
  hostTensor,
  interpreter,
  mapTree,
  type Program,
  specsOf,
  type Tensor,
} from '@reparam/tensor';
import type { HostParams, SymbolicParams } from '../params.ts';

/** The bound after a half-iteration of alternating ascent. */
export interface AscentStep {
  readonly iteration: number;
  /** What was just raised: the bound in q (`E`) or in the model (`M`). */
  readonly stage: 'E' | 'M';
  readonly bound: number;
}

/** A bound as a function of the parameters of q and of the model: float64, deterministic. */
export interface AscentProblem {
  readonly phi: HostParams;
  readonly theta: HostParams;
  bound(phi: SymbolicParams, theta: SymbolicParams): Tensor;
}

/**
 * What training a variational autoencoder does, with the two halves taken apart and the noise taken out: `innerSteps`
 * gradient steps of the bound in q, then as many in the model, again and again. A step that would lower the bound is
 * halved until it does not, so that neither half ever does.
 */
export async function alternatingAscent(
  problem: AscentProblem,
  iterations: number,
  innerSteps = 3,
): Promise<{ steps: AscentStep[]; phi: HostParams; theta: HostParams }> {
  type Inputs = { phi: HostParams; theta: HostParams };
  type Outputs = { bound: HostTensor; phi: HostParams; theta: HostParams };
  const program = (await compile(
    ((inputs: { phi: SymbolicParams; theta: SymbolicParams }) => {
      const bound = problem.bound(inputs.phi, inputs.theta);
      return { bound, phi: grad(bound, inputs.phi), theta: grad(bound, inputs.theta) };
    }) as never,
    specsOf({ phi: problem.phi, theta: problem.theta }),
    { runtime: interpreter },
  )) as unknown as Program<Inputs, Outputs>;
  const at = async (point: Inputs) => {
    const { bound, ...slopes } = await program.run(point);
    return { bound: Number(bound.data[0]), slopes };
  };
  let point: Inputs = { phi: problem.phi, theta: problem.theta };
  let now = await at(point);
  const lengths = { phi: 1, theta: 1 };
  const raise = async (part: 'phi' | 'theta'): Promise<void> => {
    for (let tries = 0; tries < 30; tries++) {
      const next = { ...point, [part]: moved(point[part], now.slopes[part], lengths[part]) };
      const found = await at(next);
      if (found.bound >= now.bound) {
        [point, now] = [next, found];
        lengths[part] *= 1.5;
        return;
      }
      lengths[part] /= 2;
    }
  };
  const steps: AscentStep[] = [];
  try {
    for (let iteration = 1; iteration <= iterations; iteration++) {
      for (const [stage, part] of [
        ['E', 'phi'],
        ['M', 'theta'],
      ] as const) {
        for (let k = 0; k < innerSteps; k++) await raise(part);
        steps.push({ iteration, stage, bound: now.bound });
      }
    }
    return { steps, ...point };
  } finally {
    await program.dispose();
  }
}

/** Every leaf plus `length` times the leaf of the gradient. */
function moved(params: HostParams, slopes: HostParams, length: number): HostParams {
  const byPath = new Map(flatten<HostTensor>(slopes));
  return mapTree<HostParams, HostTensor, HostTensor>(params, ({ data, shape }, path) => {
    const slope = byPath.get(path)!.data as Float64Array;
    return hostTensor(
      Float64Array.from(data as Float64Array, (value, i) => value + length * slope[i]!),
      shape,
    );
  }) as HostParams;
}
