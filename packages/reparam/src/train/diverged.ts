import { flatten, type HostTensor, ReparamError } from '@reparam/tensor';
import type { HostParams } from '../params.ts';

/** Throws `diverged`, naming term, step and parameter, when a reported number is not finite. */
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
        fix: 'Lower the learning rate, clip gradients, or use a smaller initial scale; the last good checkpoint is kept',
      });
    }
  }
}

const firstNonFinite = (params: HostParams): string | undefined =>
  flatten<HostTensor>(params).find(([, { data }]) => !(data as Float32Array).every(Number.isFinite))?.[0];
