import {
  add,
  compileStep,
  constant,
  flatten,
  grad,
  type HostTensor,
  interpreter,
  mapTree,
  mul,
  specsOf,
  square,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import {
  adam,
  adamw,
  asSchedule,
  clipByGlobalNorm,
  cosine,
  globalNorm,
  type HostParams,
  type Optimizer,
  type Progress,
  type ScheduleLike,
  type SymbolicParams,
  sgd,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, floats, numbers } from '../support.ts';

type Leaves = Record<string, number[]>;
/** One parameter: from its value, gradient and memory to the next value; `t` counts from 1. */
type Rule = (p: number, g: number, memory: number[], lr: number, t: number) => number;

/** Small leaves of several shapes, and one large enough to be updated on its own. */
const big = 8_200;
const start: HostParams = {
  rosenbrock: { x: floats([-1.2], []), y: floats([1]) },
  big: floats(
    Float64Array.from({ length: big }, (_, i) => Math.sin(i)),
    [big / 100, 100],
  ),
  small: floats([3, -2, 1, 0.5, 0.25, 4], [2, 3]),
};
const target = (i: number) => Math.cos(3 * i);
const targets = { big: Array.from({ length: big }, (_, i) => target(i)), small: [1, 2, 3, 4, 5, 6] };

/** (1 − x)² + 100 (y − x²)², and squares around targets with curvatures 1 and 4. */
function loss(params: SymbolicParams): Tensor {
  const { x, y } = params.rosenbrock as { x: Tensor; y: Tensor };
  const valley = add(square(sub(1, x)), mul(100, sum(square(sub(y, square(x))))));
  const around = (name: 'big' | 'small', curvature: number) => {
    const p = params[name] as Tensor;
    return mul(curvature / 2, sum(square(sub(p, floatsLike(targets[name], p)))));
  };
  return add(valley, add(around('big', 1), around('small', 4)));
}

const floatsLike = (values: number[], like: Tensor): Tensor => constant(floats(values, like.shape as number[]));

function gradients(p: Leaves): Leaves {
  const x = p['rosenbrock.x']![0]!;
  const y = p['rosenbrock.y']![0]!;
  return {
    'rosenbrock.x': [-2 * (1 - x) - 400 * x * (y - x * x)],
    'rosenbrock.y': [200 * (y - x * x)],
    big: p.big!.map((v, i) => v - targets.big[i]!),
    small: p.small!.map((v, i) => 4 * (v - targets.small[i]!)),
  };
}

const norm = (g: Leaves) => Math.sqrt(Object.values(g).reduce((t, leaf) => leaf.reduce((s, v) => s + v * v, t), 0));

/** The textbook forms, one parameter at a time. */
const rules = {
  sgd: (p, g, _, lr) => p - lr * g,
  momentum: (p, g, m, lr) => {
    m[0] = 0.9 * (m[0] ?? 0) + g;
    return p - lr * m[0];
  },
  nesterov: (p, g, m, lr) => {
    m[0] = 0.9 * (m[0] ?? 0) + g;
    return p - lr * (g + 0.9 * m[0]);
  },
} satisfies Record<string, Rule>;

const adamRule =
  (beta1: number, beta2: number, epsilon: number, decay = 0): Rule =>
  (p, g, memory, lr, t) => {
    memory[0] = beta1 * (memory[0] ?? 0) + (1 - beta1) * g;
    memory[1] = beta2 * (memory[1] ?? 0) + (1 - beta2) * g * g;
    const first = memory[0] / (1 - beta1 ** t);
    const second = memory[1] / (1 - beta2 ** t);
    return p - lr * decay * p - (lr * first) / (Math.sqrt(second) + epsilon);
  };

interface Row {
  readonly name: string;
  readonly optimizer: Optimizer;
  readonly rule: Rule;
  readonly learningRate: ScheduleLike;
  readonly maxNorm?: number;
}

const rows: readonly Row[] = [
  { name: 'sgd', optimizer: sgd(), rule: rules.sgd, learningRate: 1e-3 },
  { name: 'momentum', optimizer: sgd({ momentum: 0.9 }), rule: rules.momentum, learningRate: 2e-4 },
  { name: 'nesterov', optimizer: sgd({ momentum: 0.9, nesterov: true }), rule: rules.nesterov, learningRate: 2e-4 },
  { name: 'adam', optimizer: adam(), rule: adamRule(0.9, 0.999, 1e-8), learningRate: 0.02 },
  {
    name: 'adam, other settings',
    optimizer: adam({ beta1: 0.7, beta2: 0.95, epsilon: 0.05 }),
    rule: adamRule(0.7, 0.95, 0.05),
    learningRate: 0.02,
  },
  { name: 'adamw', optimizer: adamw(), rule: adamRule(0.9, 0.999, 1e-8, 0.01), learningRate: 0.02 },
  {
    name: 'adamw, strong decay, falling rate',
    optimizer: adamw({ weightDecay: 0.7 }),
    rule: adamRule(0.9, 0.999, 1e-8, 0.7),
    learningRate: cosine({ value: 0.05 }),
  },
  {
    name: 'sgd clipped',
    optimizer: clipByGlobalNorm(5, sgd()),
    rule: rules.sgd,
    learningRate: 0.1,
    maxNorm: 5,
  },
  {
    name: 'momentum clipped now and then',
    optimizer: clipByGlobalNorm(150, sgd({ momentum: 0.9 })),
    rule: rules.momentum,
    learningRate: 1e-3,
    maxNorm: 150,
  },
];

const steps = 50;
const progress = (step: number): Progress => ({ step, stepsPerEpoch: 10, totalSteps: steps });

function runReference({ rule, learningRate, maxNorm }: Row): { params: Leaves; clipped: number } {
  const params = Object.fromEntries(flatten<HostTensor>(start).map(([path, t]) => [path, numbers(t)]));
  const memory: Record<string, number[][]> = {};
  let clipped = 0;
  for (let t = 1; t <= steps; t++) {
    const g = gradients(params);
    const scale = maxNorm === undefined ? 1 : Math.min(1, maxNorm / norm(g));
    if (scale < 1) clipped++;
    const lr = asSchedule(learningRate).at(progress(t - 1));
    for (const [path, leaf] of Object.entries(params)) {
      memory[path] ??= leaf.map(() => []);
      params[path] = leaf.map((p, i) => rule(p, g[path]![i]! * scale, memory[path]![i]!, lr, t));
    }
  }
  return { params, clipped };
}

async function runLibrary({ optimizer, learningRate }: Row) {
  const scalars = new Map<string, (lr: number, at: Progress) => number>();
  const state = { params: start, optimizer: optimizer.init(start) };
  const program = await compileStep(
    ((
      current: { params: SymbolicParams; optimizer: SymbolicParams },
      _: unknown,
      trace: { scalar(name: string): Tensor },
    ) => {
      const value = loss(current.params);
      const g = grad(value, current.params) as SymbolicParams;
      const next = optimizer.update(g, current.optimizer, current.params, {
        scalar: (name, from) => {
          scalars.set(name, from);
          return trace.scalar(name);
        },
      });
      return { state: { params: next.params, optimizer: next.state }, outputs: { loss: value } };
    }) as never,
    { state: specsOf(state) as never, batch: {} },
    { runtime: interpreter },
  );
  const values = Object.fromEntries(
    [...scalars].map(([name, from]) => [
      name,
      Array.from({ length: steps }, (_, k) => from(asSchedule(learningRate).at(progress(k)), progress(k))),
    ]),
  );
  const result = (await program.run(state as never, {} as never, steps, { scalars: values })) as unknown as {
    state: { params: HostParams };
    outputs: { loss: HostTensor };
  };
  return { params: result.state.params, losses: numbers(result.outputs.loss) };
}

describe.each(rows.map((row) => [row.name, row] as const))('%s', (_, row) => {
  test(`${steps} steps are the textbook's`, async () => {
    const want = runReference(row);
    const { params, losses } = await runLibrary(row);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    if (row.maxNorm !== undefined) expect(want.clipped).toBeGreaterThan(0);
    if (row.name.includes('now and then')) expect(want.clipped).toBeLessThan(steps);
    // Learning rates enter as float32, and so does 1 − lr · decay.
    const tolerance = row.name.startsWith('adamw') ? 1e-5 : 1e-6;
    for (const [path, leaf] of flatten<HostTensor>(params)) expectClose(numbers(leaf), want.params[path]!, tolerance);
  });

  test('fresh state is zeros, one number a parameter for each moment', () => {
    const count = flatten<HostTensor>(start).reduce((n, [, { data }]) => n + data.length, 0);
    const moments = Object.values(row.optimizer.init(start)).map((moment) => flatten<HostTensor>(moment));
    expect(moments.length).toBe(row.name.includes('adam') ? 2 : row.name.startsWith('sgd') ? 0 : 1);
    for (const leaves of moments) {
      expect(leaves.reduce((n, [, { data }]) => n + data.length, 0)).toBe(count);
      expect(leaves.every(([, { data }]) => Array.from(data as Float32Array).every((v) => v === 0))).toBe(true);
    }
  });
});

test('the global norm is that of all gradients together; below the limit nothing changes', async () => {
  const g = { a: floats([3], []), b: { c: floats([0, 4, 12], [1, 3]) } };
  const clipped = async (maxNorm: number) =>
    compute({ g }, (inputs: { g: SymbolicParams }) => {
      const optimizer = clipByGlobalNorm(maxNorm, sgd());
      const zero = mapTree<SymbolicParams, Tensor, Tensor>(inputs.g, (t) => mul(t, 0)) as SymbolicParams;
      const { params } = optimizer.update(inputs.g, {}, zero, { scalar: () => constant(floats([-1], [])) });
      return { a: params.a as Tensor, c: (params.b as { c: Tensor }).c, norm: globalNorm(inputs.g) };
    });
  expect(await clipped(6.5)).toEqual({ a: [1.5], c: [0, 2, 6], norm: [13] });
  expect(await clipped(13)).toEqual({ a: [3], c: [0, 4, 12], norm: [13] });
  expect(await clipped(100)).toEqual({ a: [3], c: [0, 4, 12], norm: [13] });
});

test('descriptions name the settings', () => {
  expect(rows.map(({ optimizer }) => optimizer.description).slice(0, 6)).toEqual([
    'sgd',
    'sgd (momentum 0.9)',
    'sgd (momentum 0.9, nesterov)',
    'adam (β₁ 0.9, β₂ 0.999, ε 1e-8)',
    'adam (β₁ 0.7, β₂ 0.95, ε 0.05)',
    'adamw (weight decay 0.01, β₁ 0.9, β₂ 0.999, ε 1e-8)',
  ]);
  expect(clipByGlobalNorm(5, sgd()).description).toBe('sgd, global norm clipped at 5');
});
