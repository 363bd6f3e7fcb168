import { flatten, type HostTensor, ReparamError } from '@reparam/tensor';
import type { HostParams } from '../params.ts';

const fix =
  'Lower the learning rate, clip gradients, or use a smaller initial scale; the state before these steps is kept';

/**
 * Throws `diverged`, naming step, term and parameter, when a reported number of `steps` steps or a parameter after them
 * is not finite.
 */
export function checkFinite(
  outputs: Readonly<Record<string, HostTensor>>,
  params: HostParams,
  firstStep: number,
  steps: number,
): void {
  for (let k = 0; k < steps; k++) {
    for (const [term, { data }] of Object.entries(outputs)) {
      const value = Number(data[k]);
      if (Number.isFinite(value)) continue;
      const parameter = firstNonFinite(params);
      throw new ReparamError('diverged', `training diverged at step ${firstStep + k + 1}: ${term} is ${value}`, {
        got: parameter ? `first non-finite parameter ${parameter}` : 'finite parameters',
        fix,
      });
    }
  }
  const parameter = firstNonFinite(params);
  if (!parameter) return;
  throw new ReparamError('diverged', `training diverged at step ${firstStep + steps}: ${parameter} is not finite`, {
    fix,
  });
}

const firstNonFinite = (params: HostParams): string | undefined =>
  flatten<HostTensor>(params).find(([, { data }]) => !areFinite(data as Float32Array))?.[0];

/** Whether all numbers are finite, without a branch for each: ∞ − ∞ is no number, and nothing added to that is one. */
function areFinite(data: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]! - data[i]!;
  return sum === 0;
}
