import { flatten, type HostTensor } from '@reparam/tensor';
import type { HostParams } from '../params.ts';

/**
 * Steps between two flushes. A moment just above the threshold, decaying by 0.9 a step, is then still a normal number at
 * the next one. The flushes are at fixed steps of a run, so that its numbers do not depend on how it was cut into calls.
 */
export const flushInterval = 128;

/** Far below what moves a float32 parameter, far above the denormal numbers (1.2e-38). */
const threshold = 1e-30;

/**
 * Sets numbers of optimiser state below 1e-30 to 0, in place. Where a gradient stays 0 (a pixel that is rarely on) a
 * moment decays until it is denormal, and arithmetic on denormal numbers is some hundred times slower: without this, a
 * step takes half as long again after three epochs of MNIST.
 */
export function flushDenormals(state: HostParams): void {
  for (const [, { dtype, data }] of flatten<HostTensor>(state)) {
    if (dtype !== 'float32') continue;
    const numbers = data as Float32Array;
    for (let i = 0; i < numbers.length; i++) {
      const value = numbers[i]!;
      if (value < threshold && value > -threshold) numbers[i] = 0;
    }
  }
}
