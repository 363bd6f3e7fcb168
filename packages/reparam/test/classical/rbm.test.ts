import {
  compile,
  foldIn,
  grad,
  type HostTensor,
  hostTensor,
  interpreter,
  key,
  normalArray,
  type Runtime,
  specsOf,
  type Tensor,
  type Trace,
} from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  contrastiveDivergence,
  createDataset,
  type DataMatrix,
  fitRbm,
  freeEnergies,
  initRbm,
  logPartition,
  pseudoLogLikelihoods,
  type RbmParams,
  rbmLogLikelihoods,
  type SymbolicParams,
  sampleRbm,
} from 'reparam';
import { beforeAll, describe, expect, test } from 'vitest';

const [visible, hidden] = [5, 3];

/** A machine with strong weights. */
const machine = (scale = 1): RbmParams => {
  const values = (name: string, n: number) => Float64Array.from(normalArray(foldIn(key(9), name), n), (x) => scale * x);
  return {
    weight: hostTensor(values('w', visible * hidden), [hidden, visible]),
    visibleBias: hostTensor(values('b', visible), [visible]),
    hiddenBias: hostTensor(values('c', hidden), [hidden]),
  };
};

const bitsOf = (code: number, n: number): number[] => Array.from({ length: n }, (_, i) => (code >> i) & 1);
const at = (params: RbmParams, name: string) => (params[name] as HostTensor).data as Float64Array;

/** exp(−E(v, h)) by the definition of the energy. */
const joint = (params: RbmParams, v: number[], h: number[]): number => {
  const [w, b, c] = [at(params, 'weight'), at(params, 'visibleBias'), at(params, 'hiddenBias')];
  let sum = 0;
  for (const [i, on] of v.entries()) sum += on * b[i]!;
  for (const [j, on] of h.entries()) {
    sum += on * c[j]!;
    for (const [i, bit] of v.entries()) sum += on * bit * w[j * visible + i]!;
  }
  return Math.exp(sum);
};

/** Every v with its probability, by summing over all h and all v. */
const exactProbs = (params: RbmParams): number[] => {
  const marginal = Array.from({ length: 2 ** visible }, (_, v) =>
    Array.from({ length: 2 ** hidden }, (_, h) => joint(params, bitsOf(v, visible), bitsOf(h, hidden))).reduce(
      (x, y) => x + y,
    ),
  );
  const total = marginal.reduce((x, y) => x + y);
  return marginal.map((value) => value / total);
};

const everyState: DataMatrix = {
  data: Float64Array.from(
    { length: 2 ** visible * visible },
    (_, i) => bitsOf(Math.floor(i / visible), visible)[i % visible]!,
  ),
  rows: 2 ** visible,
  columns: visible,
};

describe('exact figures', () => {
  const params = machine();
  const probs = exactProbs(params);

  test('log p(v) of every state against the sum over all states of both layers', () => {
    const logLikelihoods = rbmLogLikelihoods(params, everyState);
    probs.forEach((p, v) => {
      expect(logLikelihoods[v]).toBeCloseTo(Math.log(p), 10);
    });
  });

  test('log Z is the same whichever layer is enumerated', () => {
    const w = at(params, 'weight');
    const turned = Float64Array.from(w, (_, i) => w[(i % hidden) * visible + Math.floor(i / hidden)]!);
    const other = {
      weight: hostTensor(turned, [visible, hidden]),
      visibleBias: params.hiddenBias!,
      hiddenBias: params.visibleBias!,
    };
    expect(logPartition(other)).toBeCloseTo(logPartition(params), 10);
  });

  test('pseudo-log-likelihood against the conditional probabilities', () => {
    const pseudo = pseudoLogLikelihoods(params, everyState);
    for (const v of [0, 7, 21, 31]) {
      let exact = 0;
      for (let i = 0; i < visible; i++) exact += Math.log(probs[v]! / (probs[v]! + probs[v ^ (1 << i)]!));
      expect(pseudo[v]).toBeCloseTo(exact, 10);
    }
  });

  test('without weights Z factorises', () => {
    const flat = { ...params, weight: hostTensor(new Float64Array(visible * hidden), [hidden, visible]) };
    const logs = ['visibleBias', 'hiddenBias'].flatMap((name) =>
      [...at(flat, name)].map((x) => Math.log1p(Math.exp(x))),
    );
    expect(logPartition(flat)).toBeCloseTo(
      logs.reduce((x, y) => x + y),
      12,
    );
  });

  test('two large layers are refused', () => {
    expect(() => logPartition(initRbm(key(0), 30, 21))).toThrow(/30 visible and 21 hidden/);
  });
});

/** Gradients of `fn` in float64. */
const gradients = async (params: RbmParams, v0: Float64Array, sweeps: number, seed: number) => {
  const rows = v0.length / visible;
  const inputs = {
    params,
    v0: hostTensor(v0, [rows, visible]),
    w: hostTensor(new Float64Array(rows).fill(1 / rows), [rows]),
  };
  const program = await compile(
    ((given: { params: SymbolicParams; v0: Tensor; w: Tensor }, trace: Trace) => {
      const draw = (site: string, shape: Tensor['shape']) => trace.noise(site, 'uniform', shape as readonly number[]);
      const { loss } = contrastiveDivergence(given.params, given.v0, given.w, sweeps, draw);
      return grad(loss, given.params);
    }) as never,
    specsOf(inputs),
    { runtime: interpreter },
  );
  const noise = { seed, rows: Int32Array.from({ length: rows }, (_, i) => i), draws: 0 };
  const result = (await program.run(inputs as never, { noise })) as unknown as Record<string, HostTensor>;
  return Object.fromEntries(Object.entries(result).map(([name, t]) => [name, Array.from(t.data as Float64Array)]));
};

describe('contrastive divergence', () => {
  test('a long chain gives the gradient of the exact log-likelihood', async () => {
    const params = machine(0.5);
    // 4000 copies of one example: the chains average out.
    const example = [1, 0, 1, 1, 0];
    const copies = Float64Array.from({ length: 4000 * visible }, (_, i) => example[i % visible]!);
    const cd = await gradients(params, copies, 12, 4);
    const row = { data: Float64Array.from(example), rows: 1, columns: visible };
    for (const name of ['weight', 'visibleBias', 'hiddenBias']) {
      const values = at(params, name);
      cd[name]!.forEach((got, i) => {
        const shifted = (by: number) => {
          const moved = values.slice();
          moved[i]! += by;
          const shape = (params[name] as HostTensor).shape;
          return rbmLogLikelihoods({ ...params, [name]: hostTensor(moved, shape) }, row)[0]!;
        };
        const exact = -(shifted(1e-5) - shifted(-1e-5)) / 2e-5;
        // A mean of 4000 products of bits: 4 standard errors of at most ½/√4000 each.
        expect(Math.abs(got - exact), `${name}[${i}]`).toBeLessThan(4 * (0.5 / Math.sqrt(4000)));
      });
    }
  });

  test('the free energies of the gradient are those of the host', async () => {
    const params = machine();
    const [first] = freeEnergies(params, everyState);
    const exact = -Array.from(at(params, 'hiddenBias')).reduce((sum, c) => sum + Math.log1p(Math.exp(c)), 0);
    expect(first).toBeCloseTo(exact, 12);
  });
});

describe('training', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await nodeRuntime({ threads: 1 });
  });
  /** Rows of two opposite patterns with a little noise. */
  const data = createDataset({
    name: 'patterns',
    data: Uint8Array.from({ length: 400 * visible }, (_, i) => {
      const [row, column] = [Math.floor(i / visible), i % visible];
      const flip = row % 10 === column * 2 ? 1 : 0;
      return ((row + column) & 1) ^ flip;
    }),
    shape: [visible],
  });
  const matrix = { data: data.data, rows: data.size, columns: visible };
  const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;

  test('raises the exact log-likelihood towards the entropy of the data', async () => {
    const training = fitRbm(data, { runtime, hidden: 6, epochs: 60, sweeps: 5, learningRate: 0.1 });
    const before = mean(rbmLogLikelihoods(training.state.params, matrix));
    for await (const { reconstructionError } of training) expect(Number.isFinite(reconstructionError)).toBe(true);
    const after = mean(rbmLogLikelihoods(training.state.params, matrix));
    const counts = new Map<string, number>();
    for (let i = 0; i < data.size; i++) {
      const name = data.data.subarray(i * visible, (i + 1) * visible).join('');
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const best = [...counts.values()].reduce((sum, n) => sum + (n / data.size) * Math.log(n / data.size), 0);
    expect(before).toBeLessThan(-3.3);
    expect(after).toBeGreaterThan(best - 0.6);
    expect(after).toBeLessThan(best);
  });

  test('goes on from a state as if it had never stopped', async () => {
    const options = { runtime, hidden: 4, learningRate: 0.1, seed: 3 };
    const whole = fitRbm(data, { ...options, epochs: 4 });
    for await (const _ of whole);
    const first = fitRbm(data, { ...options, epochs: 2 });
    for await (const _ of first);
    const second = fitRbm(data, { ...options, epochs: 4, state: first.state });
    for await (const _ of second);
    expect(second.state).toEqual(whole.state);
  });

  test('Gibbs chains reach the probabilities of all states', async () => {
    const params = machine(0.7);
    const n = 8000;
    const { v } = await sampleRbm(params, n, { runtime, seed: 2, sweeps: 60 });
    const counts = new Float64Array(2 ** visible);
    for (let i = 0; i < n; i++) {
      let code = 0;
      for (let j = 0; j < visible; j++) code |= Number(v.data[i * visible + j]) << j;
      counts[code]! += 1 / n;
    }
    exactProbs(params).forEach((p, code) => {
      expect(Math.abs(counts[code]! - p)).toBeLessThan(4.5 * Math.sqrt((p * (1 - p)) / n) + 1e-9);
    });
  });
});
