import { compile, interpreter, key, mapTree, specsOf, type Tensor } from '@reparam/tensor';
import { batchNorm, groupNorm, type HostParams, type SymbolicParams, traceContext } from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, floats, numbers } from '../support.ts';

const channels = 3;
const [height, width] = [2, 2];
const image = channels * height * width;
const values = (n: number) => Array.from({ length: n }, (_, i) => Math.sin(1.3 * i) + 0.1 * (i % 5));

const wide = (params: HostParams): HostParams =>
  mapTree<HostParams, never, unknown>(params, (t: { data: Float32Array; shape: number[] }) =>
    floats(
      Array.from(t.data, (v, i) => v + 0.1 * i),
      t.shape,
    ),
  ) as HostParams;

describe('batch norm', () => {
  const module = batchNorm({ momentum: 0.25 });
  const params = wide(module.init(key(0), [channels, height, width]));
  const start = mapTree<unknown, never, number[]>(params, numbers as never) as unknown as Record<string, number[]> & {
    buffers: Record<string, number[]>;
  };

  test('in training: moments of the real rows, draws of z and places; averages move towards them', async () => {
    const [draws, rows, real] = [2, 4, 3];
    const data = values(draws * rows * image);
    const weights = Array.from({ length: rows }, (_, b) => (b < real ? 1 / real : 0));
    const program = await compile(
      ((inputs: { params: SymbolicParams; x: Tensor; weights: Tensor }, trace: never) => {
        const updates = new Map<Tensor, Tensor>();
        const context = traceContext(trace, true, {
          weights: inputs.weights,
          update: (buffer, next) => updates.set(buffer, next),
        });
        const y = module.apply(inputs.params, inputs.x, context);
        const { mean, variance } = inputs.params.buffers as Record<string, Tensor>;
        return { y, mean: updates.get(mean!)!, variance: updates.get(variance!)! };
      }) as never,
      specsOf({ params, x: floats(data, [draws, rows, channels, height, width]), weights: floats(weights) }) as never,
      { runtime: interpreter },
    );
    const result = (await program.run({
      params,
      x: floats(data, [draws, rows, channels, height, width]),
      weights: floats(weights),
    } as never)) as unknown as Record<'y' | 'mean' | 'variance', Parameters<typeof numbers>[0]>;

    const at = (k: number, b: number, c: number, p: number) => ((k * rows + b) * channels + c) * 4 + p;
    const want = new Array<number>(data.length);
    for (let c = 0; c < channels; c++) {
      const seen: number[] = [];
      for (let k = 0; k < draws; k++)
        for (let b = 0; b < real; b++) for (let p = 0; p < 4; p++) seen.push(data[at(k, b, c, p)]!);
      const n = seen.length;
      const mean = seen.reduce((a, v) => a + v, 0) / n;
      const squares = seen.reduce((a, v) => a + (v - mean) ** 2, 0);
      for (let k = 0; k < draws; k++)
        for (let b = 0; b < rows; b++)
          for (let p = 0; p < 4; p++) {
            const i = at(k, b, c, p);
            want[i] = ((data[i]! - mean) / Math.sqrt(squares / n + 1e-5)) * start.scale![c]! + start.bias![c]!;
          }
      expect(numbers(result.mean)[c]).toBeCloseTo(0.75 * start.buffers.mean![c]! + 0.25 * mean, 12);
      expect(numbers(result.variance)[c]).toBeCloseTo(
        0.75 * start.buffers.variance![c]! + (0.25 * squares) / (n - 1),
        12,
      );
    }
    expectClose(numbers(result.y), want, 1e-10);
  });

  test('in evaluation: the running averages, whatever the batch', async () => {
    const data = values(image);
    const { y } = await compute(
      { params, x: floats(data, [1, channels, height, width]) },
      (inputs: { params: SymbolicParams; x: Tensor }, trace) => ({
        y: module.apply(inputs.params, inputs.x, traceContext(trace, false)),
      }),
    );
    const want = data.map((v, i) => {
      const c = Math.floor(i / 4);
      const { mean, variance } = start.buffers as { mean: number[]; variance: number[] };
      return ((v - mean[c]!) / Math.sqrt(variance[c]! + 1e-5)) * start.scale![c]! + start.bias![c]!;
    });
    expectClose(y, want, 1e-12);
  });
});

test('group norm: mean 0 and variance 1 of each group of each example, then scale and shift', async () => {
  const module = groupNorm({ groups: 2 });
  const shape = [4, 2, 3];
  const params = wide(module.init(key(0), shape));
  const data = values(2 * 24);
  const { y } = await compute(
    { params, x: floats(data, [2, ...shape]) },
    (inputs: { params: SymbolicParams; x: Tensor }, trace) => ({
      y: module.apply(inputs.params, inputs.x, traceContext(trace, true)),
    }),
  );
  const [scale, bias] = ['scale', 'bias'].map((name) => numbers(params[name] as never));
  const want = data.map((v, i) => {
    const group = Math.floor(i / 12);
    const own = data.slice(group * 12, group * 12 + 12);
    const mean = own.reduce((a, b) => a + b, 0) / 12;
    const variance = own.reduce((a, b) => a + (b - mean) ** 2, 0) / 12;
    const c = Math.floor((i % 24) / 6);
    return ((v - mean) / Math.sqrt(variance + 1e-5)) * scale![c]! + bias![c]!;
  });
  expectClose(y, want, 1e-12);
  expect(() => groupNorm({ groups: 3 }).init(key(0), shape)).toThrow('group norm: groups must divide the channels');
});
