import { constant, type HostTensor, hostTensor, interpreter, normalQuantile } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  createDataset,
  decodeMeans,
  digits,
  dimensionsByKl,
  encode,
  evaluate,
  gaussianLikelihood,
  type HostParams,
  independent,
  manifold,
  normal,
  type Prior,
  reconstruct,
  sample,
  standardNormal,
  take,
  traverse,
} from 'reparam';
import { beforeAll, describe, expect, it } from 'vitest';
import { largestGap, smallModel } from './models.ts';

let runtime: Awaited<ReturnType<typeof nodeRuntime>>;
beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 1 });
});

const { model, params } = smallModel();
const data = take(digits('test'), 23);
const numbers = (t: HostTensor) => t.data as Float32Array;
const row = (t: HostTensor, i: number) => numbers(t).subarray(i * t.shape[1]!, (i + 1) * t.shape[1]!);

/** W x + b in plain arithmetic, for a branch { weight, bias } of the parameters. */
function affine(layer: unknown, x: ArrayLike<number>): number[] {
  const { weight, bias } = layer as { weight: HostTensor; bias: HostTensor };
  return Array.from(numbers(bias), (b, j) => {
    let total = b;
    for (let i = 0; i < x.length; i++) total += numbers(weight)[j * x.length + i]! * x[i]!;
    return total;
  });
}
const at = (...path: string[]): unknown =>
  path.reduce<unknown>((tree, name) => (tree as Record<string, unknown>)[name], params);
const hidden = (part: string, x: ArrayLike<number>) => affine(at(part, '0'), x).map(Math.tanh);
const decodeByHand = (z: ArrayLike<number>) =>
  affine(at('output'), hidden('decoder', z)).map((logit) => 1 / (1 + Math.exp(-logit)));

describe('encode, reconstruct and decodeMeans', () => {
  it('give what the layers give, worked out by hand', async () => {
    const { mean, scale } = await encode(model, params, data, { runtime });
    const { input, mean: decoded } = await reconstruct(model, params, data, { runtime });
    expect([mean.shape, scale!.shape, decoded.shape]).toEqual([
      [23, 5],
      [23, 5],
      [23, 64],
    ]);
    for (const i of [0, 7, 22]) {
      const x = Array.from(data.data.subarray(i * 64, (i + 1) * 64), (v) => v * data.scale);
      const h = hidden('encoder', x);
      const heads = affine(at('posterior'), h);
      const loc = heads.slice(0, 5);
      const sd = heads.slice(5).map((logVariance) => Math.exp(logVariance / 2));
      expect(largestGap(row(input, i), x)).toBeLessThan(1e-7);
      expect(largestGap(row(mean, i), loc)).toBeLessThan(1e-5);
      expect(largestGap(row(scale!, i), sd)).toBeLessThan(1e-5);
      expect(largestGap(row(decoded, i), decodeByHand(loc))).toBeLessThan(1e-5);
    }
  });

  it('reconstruction is decode(encode mean), whatever the batches', async () => {
    const options = { runtime: interpreter, binarization: 'dynamic', seed: 9 } as const;
    const { mean: z } = await encode(model, params, data, { ...options, batchSize: 4 });
    const { input, mean } = await reconstruct(model, params, data, { ...options, batchSize: 10 });
    const again = await decodeMeans(model, params, z, { runtime: interpreter, batchSize: 3 });
    expect(largestGap(numbers(mean), numbers(again))).toBeLessThan(1e-6);
    expect(new Set(numbers(input))).toEqual(new Set([0, 1]));
  });

  it('bits follow the seed', async () => {
    const input = async (seed: number) =>
      numbers((await reconstruct(model, params, data, { runtime, binarization: 'dynamic', seed })).input);
    expect(await input(1)).toEqual(await input(1));
    expect(largestGap(await input(1), await input(2))).toBe(1);
  });

  it('refuse examples and codes of another size', async () => {
    const wide = createDataset({ name: 'wide', data: new Float32Array(20), shape: [10] });
    await expect(encode(model, params, wide, { runtime })).rejects.toMatchObject({ code: 'data', expected: '[8, 8]' });
    await expect(reconstruct(model, params, wide, { runtime })).rejects.toMatchObject({ code: 'data', got: '[10]' });
    for (const shape of [[2, 4], [10], [0, 5]]) {
      const z = hostTensor(new Float32Array(shape.reduce((a, b) => a * b)), shape);
      await expect(decodeMeans(model, params, z, { runtime })).rejects.toMatchObject({ code: 'shape' });
    }
  });
});

describe('sample', () => {
  it('gives the same bits for sample i whatever the count', async () => {
    const few = await sample(model, params, 7, { runtime, seed: 5 });
    const many = await sample(model, params, 130, { runtime, seed: 5 });
    for (const name of ['z', 'mean', 'x'] as const) {
      expect(numbers(many[name]).slice(0, few[name].data.length)).toEqual(numbers(few[name]));
    }
    expect(
      largestGap(numbers((await sample(model, params, 7, { runtime, seed: 6 })).z), numbers(few.z)),
    ).toBeGreaterThan(0.1);
  });

  it('draws codes from the prior, and bits with the decoded probabilities', async () => {
    const n = 4000;
    const { z, mean, x } = await sample(model, params, n, { runtime, batchSize: 1000 });
    const average = (values: ArrayLike<number>, f = (v: number) => v) =>
      Array.from(values, f).reduce((a, b) => a + b, 0) / values.length;
    const sd = 1 / Math.sqrt(n * 5);
    expect(Math.abs(average(numbers(z)))).toBeLessThan(4 * sd);
    expect(Math.abs(average(numbers(z), (v) => v * v) - 1)).toBeLessThan(4 * sd * Math.SQRT2);
    // Neither rows nor dimensions repeat.
    expect(new Set(numbers(z)).size).toBeGreaterThan(n * 5 - 20);
    expect(largestGap(row(mean, 17), decodeByHand(row(z, 17)))).toBeLessThan(1e-5);
    const surprise = Array.from(numbers(x), (bit, i) => bit - numbers(mean)[i]!);
    const spread = Math.sqrt(average(numbers(mean), (p) => p * (1 - p)) / surprise.length);
    expect(Math.abs(average(surprise))).toBeLessThan(4 * spread);
    expect(new Set(numbers(x))).toEqual(new Set([0, 1]));
  });

  it('refuses a count that is none', async () => {
    for (const count of [0, -1, 2.5, Number.NaN]) {
      await expect(sample(model, params, count, { runtime })).rejects.toMatchObject({ code: 'config' });
    }
  });
});

describe('traverse', () => {
  it('moves one dimension at a time through the range, in the order asked for', async () => {
    const around = hostTensor(Float32Array.of(0.5, -1, 2, 0, 1), [1, 5]);
    const { z, mean, dims } = await traverse(model, params, { runtime, around, dims: [3, 0], steps: 5, range: 2 });
    expect(dims).toEqual([3, 0]);
    expect(z.shape).toEqual([10, 5]);
    const expected = [3, 0].flatMap((dim) =>
      [-2, -1, 0, 1, 2].flatMap((value) => Array.from(numbers(around), (v, i) => (i === dim ? value : v))),
    );
    expect(Array.from(numbers(z))).toEqual(expected);
    expect(largestGap(row(mean, 6), decodeByHand(row(z, 6)))).toBeLessThan(1e-5);
  });

  it('orders dimensions by the KL an evaluation finds', async () => {
    const { klPerDimension } = await evaluate(model, params, data, { runtime, numSamples: 0 });
    const order = dimensionsByKl(klPerDimension!);
    const { mean, scale } = await encode(model, params, data, { runtime });
    const byHand = [0, 1, 2, 3, 4].map((j) => {
      let total = 0;
      for (let i = 0; i < 23; i++) {
        const [m, s] = [row(mean, i)[j]!, row(scale!, i)[j]!];
        total += (m * m + s * s - 1) / 2 - Math.log(s);
      }
      return total / 23;
    });
    expect(largestGap(klPerDimension!, byHand)).toBeLessThan(1e-4);
    expect(order).toEqual([0, 1, 2, 3, 4].sort((a, b) => byHand[b]! - byHand[a]!));
    expect(order).not.toEqual([0, 1, 2, 3, 4]);
  });

  it('refuses dimensions, steps and ranges that mean nothing', async () => {
    for (const wrong of [{ dims: [5] }, { dims: [] }, { dims: [-1] }, { steps: 1 }, { range: 0 }]) {
      await expect(traverse(model, params, { runtime, ...wrong })).rejects.toMatchObject({ code: 'config' });
    }
  });
});

describe('manifold', () => {
  const plane = smallModel({ latentDim: 2, likelihood: gaussianLikelihood() });

  it('lays quantiles out as a plot does: first to the right, second upwards', async () => {
    const { z, mean } = await manifold(plane.model, plane.params, 3, { runtime });
    const q = normalQuantile(5 / 6);
    const expected = [q, 0, -q].flatMap((up) => [-q, 0, q].flatMap((right) => [right, up]));
    expect(largestGap(numbers(z), expected)).toBeLessThan(1e-7);
    expect(mean.shape).toEqual([9, 64]);
    const decoded = await decodeMeans(plane.model, plane.params, z, { runtime });
    expect(numbers(mean)).toEqual(numbers(decoded));
  });

  it('follows the quantiles of a normal prior that is not standard', async () => {
    const shifted: Prior = {
      ...standardNormal(),
      distribution: () => independent(normal({ loc: constant(hostTensor(Float32Array.of(1, -2), [2])), scale: 0.5 })),
    };
    const other = smallModel({ latentDim: 2, prior: shifted });
    const { z } = await manifold(other.model, other.params, 1, { runtime });
    expect(Array.from(numbers(z))).toEqual([1, -2]);
    const { z: moved } = await traverse(other.model, other.params, { runtime, dims: [1], steps: 3, range: 2 });
    expect(Array.from(numbers(moved))).toEqual([1, -3, 1, -2, 1, -1]);
  });

  it('refuses other numbers of dimensions, and says what to use', async () => {
    await expect(manifold(model, params, 3, { runtime })).rejects.toMatchObject({
      code: 'config',
      expected: '2',
      fix: expect.stringContaining('traverse'),
    });
    await expect(manifold(plane.model, plane.params as HostParams, 0, { runtime })).rejects.toMatchObject({
      code: 'config',
    });
  });
});
