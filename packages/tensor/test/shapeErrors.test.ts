import {
  add,
  argMax,
  asTensor,
  bernoulliEventLogProb,
  broadcastTo,
  cast,
  compile,
  concat,
  constant,
  cumsum,
  gather,
  grad,
  hostTensor,
  input,
  interpreter,
  iota,
  less,
  logicalAnd,
  logMeanExp,
  matmul,
  mean,
  mul,
  oneHot,
  pad,
  ReparamError,
  reshape,
  scatterAdd,
  slice,
  softmax,
  spec,
  split,
  stack,
  sum,
  symbolicDim,
  type Tensor,
  transpose,
  where,
} from '@reparam/tensor';
import { describe, expect, test } from 'vitest';

const t = (shape: Parameters<typeof input>[1], dtype?: Parameters<typeof input>[2]) => input('t', shape, dtype);
const batch = symbolicDim('batch');
const bool = t([3], 'bool');
const ints = t([3], 'int32');

/** [what is written, what it says]. */
const wrong: [(() => unknown) & { source?: string }, string][] = [
  [() => input('x', [2, -1]), 'input x: not a shape: got [2, -1], expected whole numbers from 0 up, or symbolic sizes'],
  [() => input('x', [2.5]), 'input x: not a shape: got [2.5], expected whole numbers from 0 up, or symbolic sizes'],
  [
    () => add(t([2, 3]), t([4])),
    'add: shapes do not broadcast: got [2, 3] and [4], expected sizes that are equal or 1, aligned from the right',
  ],
  [
    () => mul(t([batch, 3]), t([7, 3])),
    'mul: shapes do not broadcast: got [batch, 3] and [7, 3], expected sizes that are equal or 1, aligned from the right',
  ],
  [
    () => add(t([3]), ints),
    'add: element types do not fit: got float32 and int32, expected the same one of float32, int32 for each. Use cast',
  ],
  [
    () => less(bool, bool),
    'less: element types do not fit: got bool and bool, expected the same one of float32, int32 for each. Use cast',
  ],
  [() => logicalAnd(bool, ints), 'logicalAnd: element types do not fit: got bool and int32, expected bool. Use cast'],
  [
    () => where(t([3]), t([3]), 0),
    'where: element types do not fit: got float32 and float32 and float32, expected bool, then the same one of float32, int32, uint8 for each. Use cast',
  ],
  [
    () => matmul(t([2, 3]), t([4, 5])),
    'matmul: operands do not fit: got [2, 3] × [4, 5], expected float32 matrices (or batches of them) whose inner sizes agree, and a bias that broadcasts to their product',
  ],
  [
    () => matmul(t([2, 3]), t([3, 5]), { transB: true, bias: t([5]) }),
    'matmul: operands do not fit: got [2, 3] × [3, 5]ᵀ + [5], expected float32 matrices (or batches of them) whose inner sizes agree, and a bias that broadcasts to their product',
  ],
  [
    () => matmul(t([2, 3], 'uint8'), t([3, 5])),
    'matmul: operands do not fit: got uint8 [2, 3] × [3, 5], expected float32 matrices (or batches of them) whose inner sizes agree, and a bias that broadcasts to their product',
  ],
  [
    () => matmul(t([2, 3]), t([3, 5]), { bias: t([4, 2, 5]) }),
    'matmul: operands do not fit: got [2, 3] × [3, 5] + [4, 2, 5], expected float32 matrices (or batches of them) whose inner sizes agree, and a bias that broadcasts to their product',
  ],
  [() => reshape(t([2, 3]), [4]), 'reshape: number of elements changes: got [2, 3] to [4], expected 6 elements'],
  [() => reshape(t([2, 3]), [4, -1]), 'reshape: the free size is not a whole number: got [2, 3] divided into 4'],
  [
    () => reshape(t([2, 3]), [-1, -1]),
    'reshape: not a shape: got [-1], expected whole numbers from 0 up, or symbolic sizes',
  ],
  [
    () => reshape(t([batch, 3]), [5, -1]),
    'reshape: the free size is not a whole number: got [batch, 3] divided into 5',
  ],
  [
    () => reshape(t([batch, symbolicDim('n')]), [-1]),
    'product of two unknown sizes: got batch × n, expected one unknown size at most',
  ],
  [
    () => transpose(t([2, 3]), [0, 0]),
    'transpose: bad axis: got axes [0,0] for a tensor of rank 2, expected different integers from -2 to 1',
  ],
  [() => transpose(t([2, 3]), [0]), 'transpose: not a permutation of the axes: got [0], expected each of 0 … 1 once'],
  [
    () => broadcastTo(t([2, 3]), [3, 3]),
    'broadcastTo: shapes do not broadcast: got [2, 3] and [3, 3], expected sizes that are equal or 1, aligned from the right',
  ],
  [
    () => broadcastTo(t([2, 3]), [3]),
    'broadcastTo: shapes do not broadcast: got [2, 3] to [3], expected sizes that are equal or 1, aligned from the right',
  ],
  [
    () => sum(t([2, 3]), { axes: 2 }),
    'sum: bad axis: got axes 2 for a tensor of rank 2, expected different integers from -2 to 1',
  ],
  [() => sum(bool), 'sum: element type: got bool, expected float32 or int32'],
  [() => mean(t([batch, 3])), 'mean over an axis of unknown size: got [batch, 3]'],
  [() => logMeanExp(t([batch, 3]), { axes: 0 }), 'logMeanExp needs every size to be known: got [batch]'],
  [() => argMax(bool, 0), 'argMax: element type: got bool, expected float32 or int32'],
  [() => cumsum(bool, 0), 'cumsum: element type: got bool, expected float32 or int32'],
  [() => softmax(t([])), 'softmax: operand does not fit: got float32 [], expected float32 of rank 1 or more'],
  [() => softmax(ints), 'softmax: operand does not fit: got int32 [3], expected float32 of rank 1 or more'],
  [() => slice(t([2, 3]), 1, 1, 4), 'slice: range outside the tensor: got 1 … 4 on axis 1, expected within 0 … 3'],
  [() => slice(t([2, 3]), 1, 0.5, 2), 'slice: range outside the tensor: got 0.5 … 2 on axis 1, expected within 0 … 3'],
  [() => slice(t([2, 3]), 1, 2, 1), 'slice: range outside the tensor: got 2 … 1 on axis 1, expected within 0 … 3'],
  [() => slice(t([batch, 3]), 0, -1), 'slice: negative position on an axis of unknown size: got -1'],
  [
    () => slice(t([batch, 3]), 0, 0, 2),
    'slice: range outside the tensor: got 0 … 2 on axis 0, expected within 0 … batch',
  ],
  [() => split(t([2, 3]), 1, [2, 2]), 'slice: range outside the tensor: got 2 … 4 on axis 1, expected within 0 … 3'],
  [
    () => pad(t([2, 3]), [1], [1]),
    'pad: widths do not fit: got [1] before and [1] after for [2, 3], expected 2 whole numbers from 0 up each',
  ],
  [
    () => pad(t([3]), [-1], [0]),
    'pad: widths do not fit: got [-1] before and [0] after for [3], expected 1 whole numbers from 0 up each',
  ],
  [() => pad(t([batch]), [1], [0]), 'pad: axis of unknown size: got [batch]'],
  [() => concat([], 0), 'concat of no tensors: expected at least one'],
  [
    () => concat([t([2, 3]), t([3, 3])], 1),
    'concat on axis 1: pieces do not fit: got float32 [2, 3], float32 [3, 3], expected one element type, and equal sizes on every axis but 1',
  ],
  [
    () => stack([t([3]), ints]),
    'concat on axis 0: pieces do not fit: got float32 [1, 3], int32 [1, 3], expected one element type, and equal sizes on every axis but 0',
  ],
  [() => gather(t([2, 3]), t([2])), 'gather: indices: got float32, expected int32'],
  [() => gather(t([]), ints), 'gather: bad axis: got axes 0 for a tensor of rank 0, expected no axes'],
  [
    () => scatterAdd(t([2, 3]), ints, 0, 4),
    'scatterAdd on axis 0: slices and indices do not fit: got float32 [2, 3] and [3], expected float32 values that have the shape of the indices from axis 0 on',
  ],
  [() => oneHot(t([3]), 2), 'oneHot: indices: got float32, expected int32'],
  [() => oneHot(ints, -2), 'oneHot: not a shape: got [-2], expected whole numbers from 0 up, or symbolic sizes'],
  [() => iota(1.5), 'iota: not a shape: got [1.5], expected whole numbers from 0 up, or symbolic sizes'],
  [
    () => bernoulliEventLogProb(t([2, 3]), t([2, 1])),
    'bernoulliEventLogProb: data and logits do not fit: got float32 [2, 3] and float32 [2, 1], expected float32 events of one known size along the last axis',
  ],
  [
    () => grad(t([3]), t([3])),
    'grad: only a float32 scalar has a gradient: got float32 [3], expected float32 []. Sum or average first',
  ],
  [
    () => grad(sum(ints), ints),
    'grad: only a float32 scalar has a gradient: got int32 [], expected float32 []. Sum or average first',
  ],
];

describe('a wrong call says what it got and what it expected', () => {
  test.each(wrong.map(([write, message]) => [message, write] as const))('%s', (message, write) => {
    let caught: unknown;
    try {
      write();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ReparamError);
    expect((caught as Error).message).toBe(message);
    // Where it was written is in the stack.
    expect((caught as Error).stack).toContain('shapeErrors.test.ts');
  });
});

describe('a wrong value is refused before anything runs', () => {
  const program = () =>
    compile(
      ({ x, i }: { x: Tensor; i: Tensor }) => gather(x, i),
      { x: spec([batch, 2]), i: spec([2], 'int32') },
      {
        runtime: interpreter,
      },
    );
  const i = hostTensor(Int32Array.of(0, 1), [2]);
  const x = hostTensor(new Float32Array(6), [3, 2]);

  test.each([
    [
      { x: hostTensor(new Float32Array(6), [2, 3]), i },
      'input x does not fit the program: got float32 [2, 3], expected float32 [batch, 2]',
    ],
    [
      { x: hostTensor(new Int32Array(6), [3, 2]), i },
      'input x does not fit the program: got int32 [3, 2], expected float32 [batch, 2]',
    ],
    [{ x } as never, 'input i does not fit the program: got nothing, expected int32 [2]'],
    [{ x, i: hostTensor(Int32Array.of(0, 3), [2]) }, 'gather: index out of range: got 3, expected 0 … 2'],
    [{ x, i: hostTensor(Int32Array.of(0, -1), [2]) }, 'gather: index out of range: got -1, expected 0 … 2'],
  ])('%#', async (inputs, message) => {
    await expect((await program()).run(inputs)).rejects.toThrow(message);
  });

  test('tensors of another trace', async () => {
    const stray = input('stray', [2]);
    await expect(
      compile(({ x: y }: { x: Tensor }) => add(y, stray), { x: spec([2]) }, { runtime: interpreter }),
    ).rejects.toThrow(
      'traced function uses an input it was not given: got stray [2], expected only the inputs passed to it. Pass the tensor as an input of this program',
    );
  });

  test('noise and scalars that are not given', async () => {
    const noisy = await compile(
      ({ x: y }: { x: Tensor }, trace) => mul(y, trace.noise('z', 'normal', [2])),
      { x: spec([2]) },
      { runtime: interpreter },
    );
    await expect(noisy.run({ x: hostTensor(new Float32Array(2), [2]) })).rejects.toThrow('program draws noise at z');
    const scaled = await compile(
      ({ x: y }: { x: Tensor }, trace) => mul(y, trace.scalar('rate')),
      { x: spec([2]) },
      { runtime: interpreter },
    );
    await expect(scaled.run({ x: hostTensor(new Float32Array(2), [2]) })).rejects.toThrow(
      'no value for the scalar rate',
    );
  });
});

test('what needs no check: numbers become constants of the other operand’s type', () => {
  expect(add(ints, 1).dtype).toBe('int32');
  expect(where(bool, ints, 0).dtype).toBe('int32');
  expect(asTensor(2).dtype).toBe('float32');
  expect(cast(constant(3, 'int32'), 'float32').shape).toEqual([]);
});
