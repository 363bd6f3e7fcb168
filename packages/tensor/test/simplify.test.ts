import {
  abs,
  add,
  broadcastTo,
  cast,
  concat,
  constant,
  div,
  evaluate,
  exp,
  expm1,
  gather,
  grad,
  greater,
  hostTensor,
  input,
  key,
  matmul,
  max,
  maximum,
  mean,
  mul,
  neg,
  normalArray,
  pad,
  pow,
  relu,
  reshape,
  sigmoid,
  sin,
  slice,
  softplus,
  split,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
  where,
} from '@reparam/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { simplify } from '../src/simplify.ts';
import { topologicalOrder } from '../src/tensor.ts';

const x = input('x', [2, 3]);
const y = input('y', [2, 3]);
const square = input('square', [3, 3]);
const operations = (outputs: Tensor[]) => {
  const counts: Record<string, number> = {};
  for (const { op } of topologicalOrder(simplify(outputs))) counts[op.name] = (counts[op.name] ?? 0) + 1;
  return counts;
};

describe('pieces of a split', () => {
  test('their gradients are joined, and pieces of what was joined are the pieces', () => {
    const [a, b, c] = split(x, 1, [1, 1, 1]) as [Tensor, Tensor, Tensor];
    const gradient = grad(sum(add(add(mul(a, exp(b)), sin(c)), 1)), x);
    expect(operations([gradient])).not.toHaveProperty('pad');
    expect(operations([gradient])).toMatchObject({ concat: 2 });
    const [first] = evaluate([gradient], new Map([['x', hostTensor(Float32Array.of(1, 0, 0, 2, 1, 0), [2, 3])]]));
    expect([...first!.data]).toEqual([1, 1, 1, Math.E, 2 * Math.E, 1]);
    expect(operations([slice(pad(x, [0, 1], [0, 2]), 1, 1, 4)])).toEqual({ input: 1 });
  });
  test('pieces with a gap, or that overlap, are added', () => {
    const gap = grad(sum(add(slice(x, 1, 0, 1), exp(slice(x, 1, 2, 3)))), x);
    expect(operations([gap])).toMatchObject({ pad: 2, add: 1 });
    const overlap = grad(sum(mul(slice(x, 1, 0, 2), slice(x, 1, 1, 3))), x);
    expect(operations([overlap])).toMatchObject({ pad: 2, add: 1 });
    const [values] = evaluate([gap], new Map([['x', hostTensor(new Float32Array(6), [2, 3])]]));
    expect([...values!.data]).toEqual([1, 0, 1, 1, 0, 1]);
  });
});

test('the gradient of a permutation is the permutation back', () => {
  const order = constant(hostTensor(Int32Array.of(2, 0, 1), [3]));
  const weights = constant(hostTensor(Float32Array.of(1, 2, 3), [3]));
  const gradient = grad(sum(mul(gather(x, order, 1), weights)), x);
  expect(operations([gradient])).not.toHaveProperty('scatterAdd');
  const [values] = evaluate([gradient], new Map([['x', hostTensor(new Float32Array(6), [2, 3])]]));
  expect([...values!.data]).toEqual([2, 3, 1, 2, 3, 1]);
  const twice = constant(hostTensor(Int32Array.of(0, 0, 1), [3]));
  expect(operations([grad(sum(gather(x, twice, 1)), x)])).toHaveProperty('scatterAdd');
});

describe('equal expressions become one', () => {
  test('written twice', () => {
    expect(operations([add(exp(x), 1), mul(exp(x), 2)])).toEqual({ input: 1, exp: 1, constant: 2, add: 1, mul: 1 });
    const [a, b] = simplify([mul(exp(x), y), mul(exp(x), y)]);
    expect(a).toBe(b);
  });
  test('inputs of one name, and constants of one value', () => {
    const again = input('x', [2, 3]);
    const table = () => constant(hostTensor(Float32Array.of(1, 2, 3), [3]));
    expect(operations([add(x, table()), add(again, table())])).toEqual({ input: 1, constant: 1, add: 1 });
  });
  test('but not what only looks alike', () => {
    const [a, b] = simplify([sum(x, { axes: 0 }), sum(x, { axes: 1 })]);
    expect(a).not.toBe(b);
    const zeros = simplify([constant(0), constant(-0), constant(0, 'int32')]);
    expect(new Set(zeros).size).toBe(3);
    const large = (last: number) =>
      constant(
        hostTensor(
          Float32Array.from({ length: 100 }, (_, i) => (i < 99 ? 0 : last)),
          [100],
        ),
      );
    expect(new Set(simplify([large(1), large(2)])).size).toBe(2);
  });
});

describe('rules', () => {
  const same: [string, Tensor, Tensor][] = [
    ['x + 0', add(x, 0), x],
    ['0 + x', add(0, x), x],
    ['x − 0', sub(x, 0), x],
    ['x · 1', mul(x, 1), x],
    ['1 · x', mul(1, x), x],
    ['x / 1', div(x, 1), x],
    ['x¹', pow(x, 1), x],
    ['−−x', neg(neg(x)), x],
    ['x · a broadcast 1', mul(x, broadcastTo(1, [2, 3])), x],
    ['reshape to itself', reshape(reshape(x, [6]), [2, 3]), x],
    ['transpose twice', transpose(transpose(x)), x],
    ['slice of everything', slice(x, 1, 0, 3), x],
    ['slice of a piece', slice(concat([y, x], 1), 1, 3, 6), x],
    ['concat of one', concat([x], 0), x],
    ['pad by nothing', pad(x, [0, 0], [0, 0]), x],
    ['cast to its own type', cast(x, 'float32'), x],
    ['sum over no axes', sum(x, { axes: [] }), x],
    ['stopGradient', stopGradient(x), x],
    ['chain', mul(add(neg(neg(x)), 0), 1), x],
  ];
  test.each(same)('%s', (_, before, after) => {
    expect(simplify([before])).toEqual([after]);
  });

  test('a rule does not change a shape', () => {
    expect(simplify([add(input('v', [3]), broadcastTo(0, [2, 3]))])[0]!.shape).toEqual([2, 3]);
    expect(simplify([mul(broadcastTo(1, [2, 3]), input('s', []))])[0]!.shape).toEqual([2, 3]);
  });
  test('operations on constants are constants', () => {
    const [folded] = simplify([mul(x, add(mul(2, 3), exp(constant(1))))]);
    expect(folded!.inputs[1]!.op.name).toBe('constant');
    const [value] = evaluate([folded!.inputs[1]!], new Map());
    expect(value!.data[0]).toBe(6 + Math.E);
    expect(operations([add(cast(constant(3, 'int32'), 'float32'), neg(2))])).toEqual({ constant: 1 });
    // A broadcast constant is left small.
    expect(operations([broadcastTo(0, [100, 100])])).toEqual({ constant: 1, broadcastTo: 1 });
  });
  test.each([
    ['left', matmul(transpose(x), y), [true, false]],
    ['right', matmul(x, transpose(y)), [false, true]],
    ['both', matmul(transpose(x), transpose(input('w', [4, 2]))), [true, true]],
    ['undone', matmul(transpose(x), square, { transA: true }), [false, false]],
    ['of a batch', matmul(transpose(input('b', [5, 3, 2]), [0, 2, 1]), input('c', [5, 3, 4])), [true, false]],
  ] as const)('transposes go into the product: %s', (_, product, [transA, transB]) => {
    const [simple] = simplify([product]);
    expect(simple!.attrs).toEqual({ transA, transB });
    expect(operations([product]).transpose).toBeUndefined();
  });
  test('a transpose that is not of the last two axes stays', () => {
    expect(operations([matmul(transpose(input('b', [3, 5, 2]), [1, 0, 2]), input('c', [5, 2, 4]))]).transpose).toBe(1);
  });
  test('elementwise operations need no explicit broadcast', () => {
    const bias = input('bias', [3]);
    const loss = mean(mul(tanh(add(x, bias)), tanh(add(x, bias))));
    expect(operations([loss, ...grad(loss, [x, bias])]).broadcastTo).toBeUndefined();
    expect(
      operations([where(greater(x, broadcastTo(0, [2, 3])), broadcastTo(bias, [2, 3]), y)]).broadcastTo,
    ).toBeUndefined();
  });
  test('what no output needs is left behind', () => {
    const [a] = split(matmul(x, square), 1, [1, 2]) as [Tensor, Tensor];
    expect(operations([slice(concat([a, exp(a)], 1), 1, 0, 1)]).exp).toBeUndefined();
    // The gradient of a sum does not need the summed values.
    expect(operations(grad(sum(add(exp(x), y)), [y]))).toEqual({ constant: 1, broadcastTo: 1 });
  });
  test('a deep graph does not overflow the stack', () => {
    let deep: Tensor = x;
    for (let i = 0; i < 20_000; i++) deep = add(deep, y);
    expect(topologicalOrder(simplify([deep])).length).toBe(20_002);
  });
});

describe('random graphs', () => {
  // Every tensor is [3, 3], [3] or []; an instruction picks operands among the tensors made so far.
  const instruction = fc.record({
    code: fc.nat(24),
    a: fc.nat(1000),
    b: fc.nat(1000),
    number: fc.constantFrom(0, -0, 1, -1, 2, 0.5, -3),
  });
  type Instruction = { code: number; a: number; b: number; number: number };

  function build(program: readonly Instruction[]): Tensor[] {
    const made: Tensor[] = [input('m', [3, 3]), input('n', [3, 3]), input('v', [3]), input('s', [])];
    const to = (t: Tensor) => broadcastTo(t, [3, 3]);
    for (const { code, a, b, number } of program) {
      const p = made[a % made.length]!;
      const q = made[b % made.length]!;
      const makers: (() => Tensor)[] = [
        () => add(p, q),
        () => sub(p, q),
        () => mul(p, q),
        () => add(p, number),
        () => mul(number, p),
        () => sub(p, number),
        () => div(p, number === 0 ? 2 : number),
        () => pow(abs(p), Math.abs(number)),
        () => neg(p),
        () => maximum(p, q),
        () => where(greater(p, q), p, number),
        () => tanh(p),
        () => softplus(p),
        () => expm1(sigmoid(p)),
        () => relu(p),
        () => to(p),
        () => matmul(to(p), transpose(to(q))),
        () => matmul(transpose(to(p)), to(q), { transA: true }),
        () => transpose(to(p), [1, 0]),
        () => reshape(reshape(to(p), [9]), [3, 3]),
        () => slice(concat([to(p), to(q)], 1), 1, number > 0 ? 3 : 0, number > 0 ? 6 : 3),
        () => sum(to(p), { axes: a % 2 }),
        () => max(p, { axes: p.rank === 0 ? [] : -1, keepDims: true }),
        () => mul(cast(cast(greater(p, number), 'int32'), 'float32'), q),
        () => add(constant(number), mul(constant(hostTensor(Float32Array.of(1, 2, 3), [3])), number)),
      ];
      made.push(makers[code]!());
    }
    return made.slice(4);
  }

  const feeds = new Map(
    (
      [
        ['m', [3, 3]],
        ['n', [3, 3]],
        ['v', [3]],
        ['s', []],
      ] as [string, number[]][]
    ).map(([name, shape], i) => [
      name,
      hostTensor(
        normalArray(
          key(i),
          shape.reduce((a, b) => a * b, 1),
        ),
        shape,
      ),
    ]),
  );

  const bits = (outputs: Tensor[]) =>
    evaluate(outputs, feeds).map(({ shape, data }) => [
      shape,
      Array.from(data as Float64Array, (v) => (v === 0 ? 0 : v)),
    ]);

  test('keep every bit', () => {
    fc.assert(
      fc.property(fc.array(instruction, { minLength: 1, maxLength: 25 }), (program) => {
        const outputs = build(program);
        expect(bits(simplify(outputs))).toEqual(bits(outputs));
      }),
      { numRuns: 500, seed: 20 },
    );
  });

  test('and so do their gradients; simplifying twice changes nothing more', () => {
    fc.assert(
      fc.property(fc.array(instruction, { minLength: 1, maxLength: 12 }), (program) => {
        const outputs = build(program);
        const inputs = topologicalOrder(outputs).filter((t) => t.op.name === 'input');
        const gradients = grad(sum(outputs.at(-1)!), inputs);
        expect(bits(simplify(gradients))).toEqual(bits(gradients));
        const once = simplify(outputs);
        expect(simplify(once)).toEqual(once);
      }),
      { numRuns: 200, seed: 21 },
    );
  });
});
