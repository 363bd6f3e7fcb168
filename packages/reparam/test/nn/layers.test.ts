import { key, normalArray, type Tensor } from '@reparam/tensor';
import {
  activation,
  averagePool,
  conv2d,
  convTranspose2d,
  embedding,
  type HostParams,
  heNormal,
  linear,
  type Module,
  maxPool,
  pointwise,
  residual,
  type SymbolicParams,
  sequential,
  traceContext,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, floats, numbers } from '../support.ts';

const apply = async (module: Module, params: HostParams, x: readonly number[], shape: readonly number[]) =>
  (
    await compute({ params, x: floats(x, shape) }, (inputs: { params: SymbolicParams; x: Tensor }, trace) => ({
      y: module.apply(inputs.params, inputs.x, traceContext(trace, false)),
    }))
  ).y;

const image = Array.from({ length: 2 * 2 * 4 * 4 }, (_, i) => ((7 * i) % 11) - 5);
/** Value of draw k, row b (one channel each), at y, x. */
const at = (n: number, y: number, x: number) => image[n * 16 + y * 4 + x]!;
const windows = (reduce: (values: number[]) => number): number[] =>
  [0, 1, 2, 3].flatMap((n) =>
    [0, 2].flatMap((y) =>
      [0, 2].map((x) => reduce([at(n, y, x), at(n, y, x + 1), at(n, y + 1, x), at(n, y + 1, x + 1)])),
    ),
  );

describe('pooling of images with axes for draws and rows', () => {
  test('mean and largest value of each window', async () => {
    const shape = [2, 2, 1, 4, 4];
    expectClose(
      await apply(averagePool(), {}, image, shape),
      windows((v) => v.reduce((a, b) => a + b) / 4),
      1e-12,
    );
    expect(await apply(maxPool(), {}, image, shape)).toEqual(windows((v) => Math.max(...v)));
    expect(maxPool({ kernel: 3, stride: 1 }).outputShape([5, 4, 4])).toEqual([5, 2, 2]);
  });

  test('no images, or no window, is refused', () => {
    expect(() => maxPool().outputShape([16])).toThrow('max pool acts on images: got events of shape [16]');
    expect(() => averagePool({ kernel: 0 })).toThrow('average pool: window and step');
  });
});

test('embedding: the row of the class, whatever the leading axes', async () => {
  const module = embedding(2);
  const params = module.init(key(4), [3]);
  const weight = numbers(params.weight as never);
  const oneHot = [0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0];
  const rows = [2, 0, 1].flatMap((k) => weight.slice(2 * k, 2 * k + 2));
  expectClose(await apply(module, params, oneHot, [2, 2, 3]), [...rows, 0, 0], 1e-12);
  expect(module.describe([3])).toBe('embedding 3 → 2');
});

test('residual: x + body(x); a body that changes the shape is refused', async () => {
  const double = residual(pointwise('double', (x) => x));
  expect(await apply(double, {}, [1, 2], [1, 2])).toEqual([2, 4]);
  expect(() => residual(linear(3)).outputShape([2])).toThrow('residual block changes the shape: got [2] to [3]');
});

describe('convolutional layers', () => {
  test('sizes, windows and steps are checked where the layer is made', () => {
    expect(conv2d(3, { kernel: 4, stride: 2, padding: 1 }).outputShape([1, 28, 28])).toEqual([3, 14, 14]);
    expect(convTranspose2d(1, { kernel: 4, stride: 2, padding: 1 }).outputShape([3, 14, 14])).toEqual([1, 28, 28]);
    expect(() => conv2d(3, { kernel: 0 })).toThrow('conv: kernel');
    expect(() => conv2d(3, { padding: -1 })).toThrow('conv: padding');
    expect(() => conv2d(3, { kernel: 5 }).outputShape([1, 4, 4])).toThrow('images are too small');
    expect(() => conv2d(3).outputShape([16])).toThrow('conv acts on images');
  });

  test.each([
    ['conv', conv2d(64, { kernel: 4, stride: 2, padding: 1, initializer: heNormal })],
    ['transposed conv', convTranspose2d(64, { kernel: 4, stride: 2, padding: 1, initializer: heNormal })],
  ])('%s: He initialisation doubles the mean square, so that relu keeps it', async (_, layer) => {
    const params = layer.init(key(5), [8, 12, 12]);
    const x = Array.from(normalArray(key(6), 8 * 144));
    const y = await apply(layer, params, x, [1, 8, 12, 12]);
    const square = (values: readonly number[]) => values.reduce((a, v) => a + v * v, 0) / values.length;
    // The border sees fewer values.
    const ratio = square(y) / square(x);
    expect(ratio).toBeGreaterThan(1.5);
    expect(ratio).toBeLessThan(2.2);
  });

  test('draws and rows go through alike: [k, B, C, H, W] is k · B images', async () => {
    const net = sequential([conv2d(2, { kernel: 3, padding: 1 }), activation('tanh'), conv2d(1, { kernel: 1 })]);
    const params = net.init(key(2), [1, 4, 4]);
    expectClose(await apply(net, params, image, [2, 2, 1, 4, 4]), await apply(net, params, image, [4, 1, 4, 4]), 1e-12);
  });
});
