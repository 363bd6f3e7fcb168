import { flatten, type HostTensor, hostTensor } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { createDataset, fit, mlp, vae } from 'reparam';
import { describe, expect, it } from 'vitest';
import { flushDenormals } from '../../src/train/denormals.ts';

const isDenormal = (value: number): boolean => value !== 0 && Math.abs(value) < 1.17549435e-38;
const numbersOf = (tree: unknown): number[] =>
  flatten<HostTensor>(tree).flatMap(([, { data }]) => Array.from(data as Float32Array));

describe('numbers of optimiser state too small to matter', () => {
  it('become 0, and no others change', () => {
    const before = [0, 1, -1, 1e-29, -1e-29, 1e-31, -1e-31, 1e-40, -1e-44, Number.NaN, Number.NEGATIVE_INFINITY];
    const moment = hostTensor(Float32Array.from(before), [before.length]);
    flushDenormals({ nested: { moment } });
    const expected = [0, 1, -1, 1e-29, -1e-29, 0, 0, 0, 0, Number.NaN, Number.NEGATIVE_INFINITY];
    expect(Array.from(moment.data)).toEqual(Array.from(Float32Array.from(expected)));
  });

  it('never become denormal in training, however it is cut into calls', async () => {
    // The last pixel is on in one example only; batches of one leave its gradient at 0 for the rest of every epoch.
    const size = 4000;
    const data = new Uint8Array(size * 4).map((_, i) => Number(i % 4 === 3 ? i === 3 : i % 3 === 0));
    const set = createDataset({ name: 'rare', data, shape: [4] });
    const model = vae({ dataShape: [4], latentDim: 1, encoder: mlp([4]), decoder: mlp([4]) });
    const runtime = await nodeRuntime();
    const trained = async (stepsPerCall: number) => {
      const training = fit(model, set, { runtime, epochs: 1, batchSize: 1, stepsPerCall });
      for await (const _ of training);
      return training.state;
    };
    const [state, other] = [await trained(100), await trained(37)];
    expect(numbersOf(state.optimizer).filter(isDenormal)).toEqual([]);
    expect(numbersOf(other.optimizer)).toEqual(numbersOf(state.optimizer));
    expect(numbersOf(other.params)).toEqual(numbersOf(state.params));
  });
});
