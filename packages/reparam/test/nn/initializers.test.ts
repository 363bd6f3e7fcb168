import { flatten, foldIn, type HostTensor, key } from '@reparam/tensor';
import { type Initializer, type InitializerName, initializers, mlp } from 'reparam';
import { expect, test } from 'vitest';
import { moments } from '../support.ts';

const fan = { fanIn: 300, fanOut: 100 };
const shape = [fan.fanOut, fan.fanIn];

/** Variance by the published formula, and the widest value: uniform numbers keep within √(3 variance). */
const table: Record<InitializerName, { variance: number; bounded: boolean }> = {
  glorotUniform: { variance: 2 / 400, bounded: true },
  glorotNormal: { variance: 2 / 400, bounded: false },
  heUniform: { variance: 2 / 300, bounded: true },
  heNormal: { variance: 2 / 300, bounded: false },
  lecunUniform: { variance: 1 / 900, bounded: true },
  unitNormal: { variance: 1, bounded: false },
  zeros: { variance: 0, bounded: true },
};

test('the table names every initialiser', () => {
  expect(Object.keys(table).sort()).toEqual(Object.keys(initializers).sort());
});

test.each(Object.entries(table))('%s: mean 0, the variance of its formula, the shape asked for', (name, {
  variance,
  bounded,
}) => {
  const make = initializers[name as InitializerName] as Initializer;
  const made = make(key(3), shape, fan);
  expect(made.shape).toEqual(shape);
  const values = Array.from(made.data as Float32Array);
  const n = values.length;
  const got = moments(values);
  expect(Math.abs(got.mean)).toBeLessThanOrEqual(4 * Math.sqrt(variance / n));
  // The variance of a sample variance is (κ − 1)σ⁴/n, κ = 3 for a normal and 1.8 for a uniform.
  expect(Math.abs(got.variance - variance)).toBeLessThanOrEqual(4 * variance * Math.sqrt((bounded ? 0.8 : 2) / n));
  const widest = Math.max(...values.map(Math.abs));
  const bound = Math.sqrt(3 * variance);
  if (bounded) expect(widest).toBeLessThanOrEqual(bound * (1 + 1e-6));
  else expect(widest).toBeGreaterThan(1.5 * bound);
});

test('the same key gives the same parameters; another key, layer or name others', () => {
  const net = mlp([50, 50]);
  const leaves = (seed: number) => flatten<HostTensor>(net.init(key(seed), [50])).map(([, { data }]) => data);
  expect(leaves(1)).toEqual(leaves(1));
  expect(leaves(1)[0]).not.toEqual(leaves(2)[0]);
  expect(leaves(1)[0]).not.toEqual(leaves(1)[2]);
  const draw = (name: string) => initializers.heNormal(foldIn(key(1), name), [4], fan).data;
  expect(draw('weight')).not.toEqual(draw('bias'));
});

test('mlp starts saturating activations by Glorot and the others by He, unless told otherwise', () => {
  const variance = (options: Parameters<typeof mlp>[1]) => {
    const [first] = flatten<HostTensor>(mlp([100], options).init(key(1), [300]));
    return moments(Array.from(first![1].data as Float32Array)).variance;
  };
  for (const [options, want] of [
    [{}, 2 / 300],
    [{ activation: 'silu' }, 2 / 300],
    [{ activation: 'tanh' }, 2 / 400],
    [{ activation: 'sigmoid' }, 2 / 400],
    [{ initializer: initializers.lecunUniform }, 1 / 900],
  ] as const) {
    expect(variance(options) / want).toBeCloseTo(1, 1);
  }
});

test('PyTorch’s default for a layer: weight and bias uniform on ±1/√fanIn', () => {
  const { lecunUniform } = initializers;
  const params = mlp([200], { initializer: lecunUniform, biasInitializer: lecunUniform }).init(key(1), [64]);
  const bias = flatten<HostTensor>(params).find(([path]) => path === '0.bias')![1];
  const values = Array.from(bias.data as Float32Array, Math.abs);
  expect(Math.max(...values)).toBeLessThanOrEqual(1 / 8);
  expect(Math.max(...values)).toBeGreaterThan(0.95 / 8);
});
