import {
  add,
  type HostTensor,
  key,
  mapTree,
  mul,
  reshape,
  slice,
  square,
  sub,
  sum,
  type Tensor,
  type Trace,
} from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  createDataset,
  evaluate,
  gaussianLikelihood,
  type HostParams,
  type Independent,
  m2,
  m2Objective,
  mlp,
  type Normal,
  type SymbolicParams,
  sequential,
  stacked,
  traceContext,
  vae,
  withLower,
} from 'reparam';
import { expect, test } from 'vitest';
import { atNoise } from '../objectives/atNoise.ts';
import { movedParams } from '../objectives/movedParams.ts';
import { compute, expectClose, floats } from '../support.ts';

const net = () => mlp([3], { activation: 'tanh' });
const lower = vae({ dataShape: [3], latentDim: 2, encoder: net(), decoder: net(), likelihood: gaussianLikelihood() });
const make = (part: typeof net) =>
  stacked({
    lower,
    upper: (dataShape, likelihood) =>
      m2({ dataShape, likelihood, latentDim: 1, numClasses: 2, encoder: part(), decoder: part(), classifier: part() }),
  });
const model = make(net);
const kept = Float32Array.of(1, 0);
const params = withLower(movedParams(model, 0.4), movedParams(lower, 0.4), kept);
const x = floats([0.5, -0.3, 0.8, -1.1, 0.2, 0.4], [2, 3]);
const epsilon = { z: floats([0.3, -0.8, 1.2, 0.1], [2, 2, 1]), 'lower/z': floats([0.7, -0.4, -1.3, 0.2], [2, 2]) };
const situation = { model, params, x, targets: floats([0, 1], [1, 2]), weights: [0.3, 0.7], noise: epsilon };

test('training moves the upper model alone, and codes left out play no part in it', async () => {
  const whole = await atNoise(m2Objective(), situation);
  const moved = Object.entries(whole.gradient).filter(([path]) => path.startsWith('upper/'));
  expect(moved.some(([, values]) => values.some((v) => Math.abs(v) > 1e-3))).toBe(true);
  // The weights of the dimension left out: of the first layers, and of the output.
  const column = (path: string, width: number) => whole.gradient[path]!.filter((_, i) => i % width === 1);
  expect(column('upper/classifier/0/0/weight', 2)).toEqual([0, 0, 0]);
  expect(column('upper/encoder/0/weight', 4)).toEqual([0, 0, 0]);
  expect(whole.gradient['upper/output/weight']!.slice(3)).toEqual([0, 0, 0]);
  const codes = 0.3 * whole.terms.labelledBound! + 0.7 * whole.terms.unlabelledBound!;
  expectClose([whole.terms.elbo!], [codes + (await step())], 1e-12);
});

/** What the step from examples to codes adds to the bound: log p(x given z₁) + log N(z₁₂) − log q(z₁ given x), weighted. */
async function step(): Promise<number> {
  const { each } = await compute(
    { params, x, noise: epsilon['lower/z'] },
    (s: { params: { buffers: { lower: SymbolicParams } }; x: Tensor; noise: Tensor }, trace: Trace) => {
      const context = traceContext(trace, false);
      const own = s.params.buffers.lower;
      const q = (lower.encode(own, s.x, context) as unknown as Independent).base as Normal;
      const z = add(q.loc, mul(q.scale, s.noise));
      const left = slice(z, 1, 1, 2);
      const density = reshape(mul(add(square(left), Math.log(2 * Math.PI)), -0.5), [2]);
      return { each: add(sub(lower.decode(own, z, context).logProb(s.x), sum(q.logProb(z), { axes: -1 })), density) };
    },
  );
  return 0.3 * each[0]! + 0.7 * each[1]!;
}

test('the prior of weights adds half their squares, over the size of the set', async () => {
  const at = (weightPrior: number) => atNoise(m2Objective({ weightPrior }), { ...situation, datasetSize: 10 });
  const [none, some] = [await at(0), await at(2)];
  let squares = 0;
  mapTree<HostParams, HostTensor, void>(params.upper as HostParams, ({ data }, path) => {
    if (path.endsWith('weight')) for (const w of data) squares += Number(w) ** 2;
  });
  expectClose([some.loss], [none.loss + (2 / 2 / 10) * squares], 1e-12);
  expectClose([some.terms.elbo!], [none.terms.elbo!], 1e-14);
});

test('the bound lies below log p(x) and importance sampling reaches it, by quadrature over both kinds of codes', async () => {
  const own = make(() => sequential([]));
  const all = withLower(movedParams(own, 0.25), movedParams(lower, 0.25), kept);
  const example = [0.4, -0.2, 0.1];
  // log p(x) = log ∫∫ p(x|z₁) p(z₁₁) N(z₁₂): p(z₁₁) from z₂ and the class, also by a sum.
  const places = 60;
  const width = 12 / places;
  const line = Array.from({ length: places }, (_, i) => -6 + (i + 0.5) * width);
  const pairs = line.flatMap((a) => line.map((b) => [a, b]));
  const size = pairs.length;
  const upper = own.codes!.model;
  const one = (k: number) =>
    floats(
      Array.from({ length: 2 * size }, (_, i) => Number(i % 2 === k)),
      [size, 2],
    );
  const densities = new Float64Array(size);
  for (const k of [0, 1]) {
    // Pairs (z₁₁, z₂): the dimension left out has density 1 at 0.
    const { joint } = await compute(
      {
        params: all,
        codes: floats(
          pairs.flatMap(([a]) => [a!, 0]),
          [size, 2],
        ),
        z: floats(
          pairs.map(([, b]) => b!),
          [size, 1],
        ),
        condition: one(k),
      },
      (s: { params: SymbolicParams; codes: Tensor; z: Tensor; condition: Tensor }, trace: Trace) => ({
        joint: upper
          .decode(own.codes!.params(s.params), s.z, traceContext(trace, false, { condition: s.condition }))
          .logProb(s.codes),
      }),
    );
    pairs.forEach(([, b], i) => {
      const at = Math.floor(i / places) * places;
      densities[at]! += 0.5 * Math.exp(joint[i]! - 0.5 * b! * b!) * (width / Math.sqrt(2 * Math.PI));
    });
  }
  expect(densities.filter((_, i) => i % places === 0).reduce((a, b) => a + b * width, 0)).toBeCloseTo(1, 3);
  const { likelihood } = await compute(
    {
      params: all,
      x: floats(
        pairs.flatMap(() => example),
        [size, 3],
      ),
      z: floats(pairs.flat(), [size, 2]),
    },
    (s: { params: { buffers: { lower: SymbolicParams } }; x: Tensor; z: Tensor }, trace: Trace) => ({
      likelihood: lower.decode(s.params.buffers.lower, s.z, traceContext(trace, false)).logProb(s.x),
    }),
  );
  let evidence = 0;
  pairs.forEach(([, b], i) => {
    const code = densities[Math.floor(i / places) * places]!;
    evidence += (Math.exp(likelihood[i]! - 0.5 * b! * b!) * code * (width * width)) / Math.sqrt(2 * Math.PI);
  });
  const copies = 200;
  const data = Float32Array.from({ length: 3 * copies }, (_, i) => example[i % 3]!);
  const single = mapTree<HostParams, HostTensor, HostTensor>(all, ({ data: values, shape }) => ({
    dtype: 'float32',
    shape,
    data: Float32Array.from(values as Float64Array),
  })) as HostParams;
  const figures = await evaluate(own, single, createDataset({ name: 'copies', data, shape: [3] }), {
    runtime: await nodeRuntime({ threads: 1 }),
    numSamples: 400,
    seed: 2,
  });
  const { value, standardError } = figures.logLikelihood!;
  const exact = Math.log(evidence);
  expect(Math.abs(value - exact), `${value} ± ${standardError}, exact ${exact}`).toBeLessThan(4 * standardError + 0.02);
  expect(figures.elbo.value).toBeLessThan(exact - 0.05);
});

test('a fresh model is the lower one and the upper one', () => {
  const { buffers, upper } = model.init(key(1)) as { buffers: HostParams; upper: HostParams };
  expect(Object.keys(buffers)).toEqual(['lower', 'kept']);
  expect(Object.keys(upper.likelihood as HostParams)).toEqual(['logScale']);
});
