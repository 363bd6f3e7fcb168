import { readFileSync } from 'node:fs';
import {
  avgPool2d,
  conv2d,
  convTranspose2d,
  evaluate,
  grad,
  type HostTensor,
  hostTensor,
  input,
  maxPool2d,
  mul,
  sizeOf,
  sum,
  type Tensor,
} from '@reparam/tensor';
import { describe, expect, test } from 'vitest';

interface Case {
  readonly name: 'conv2d' | 'convTranspose2d' | 'avgPool2d' | 'maxPool2d';
  readonly options: { size: number; stride: number; padding: number; outputPadding?: number };
  readonly shapes: number[][];
  readonly image?: number[];
  readonly result: { shape: number[]; data: number[] };
  readonly gradients: number[][];
}

const file = new URL('./fixtures/conv.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] };

/** The whole numbers of test/parity/make_conv_fixture.py. */
const numbers = (seed: number, shape: readonly number[], factor = 1): Float32Array =>
  Float32Array.from({ length: sizeOf(shape) }, (_, i) => factor * (((i * i * 7 + 13 * i + 5 * seed) % 11) - 5));

const operations: Record<Case['name'], (options: Case['options'], ...inputs: Tensor[]) => Tensor> = {
  conv2d: (options, x, w, bias) => conv2d(x!, w!, { ...options, bias: bias! }),
  convTranspose2d: (options, x, w, bias) => convTranspose2d(x!, w!, { ...options, bias: bias! }),
  avgPool2d: ({ size, ...options }, x) => avgPool2d(x!, size, options),
  maxPool2d: ({ size, ...options }, x) => maxPool2d(x!, size, options),
};

describe('values and gradients of PyTorch', () => {
  test.each(cases.map((c) => [`${c.name} ${JSON.stringify(c.options)} ${c.shapes[1] ?? ''}`, c] as const))('%s', (_, {
    name,
    options,
    shapes,
    image,
    result,
    gradients,
  }) => {
    const inputs = shapes.map((shape, i) => input(`x${i}`, shape));
    const feeds = new Map<string, HostTensor>(
      shapes.map((shape, i) => {
        const data = image ? Float32Array.from(image) : numbers(i + 1, shape, name === 'avgPool2d' ? 36 : 1);
        return [`x${i}`, hostTensor(data, shape)] as const;
      }),
    );
    const y = operations[name](options, ...inputs);
    expect(y.shape).toEqual(result.shape);
    const cotangent = input('c', y.shape);
    feeds.set('c', hostTensor(numbers(4, result.shape), result.shape));
    const found = evaluate([y, ...grad(sum(mul(y, cotangent)), inputs)], feeds);
    [result.data, ...gradients].forEach((expected, i) => {
      const actual = found[i]!.data as Float64Array;
      expect(actual.length).toBe(expected.length);
      const error = expected.map((value, j) => Math.abs(actual[j]! - value));
      expect(Math.max(...error)).toBeLessThan(name === 'avgPool2d' ? 1e-9 : 1e-300);
    });
  });
});
