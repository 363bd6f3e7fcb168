import {
  compile,
  constant,
  grad,
  type HostTensor,
  interpreter,
  key,
  normalArray,
  specsOf,
  type Tensor,
} from '@reparam/tensor';
import {
  convDecoder,
  convEncoder,
  cvae,
  diagonalNormal,
  flowPosterior,
  fullCovarianceNormal,
  type HostParams,
  hierarchicalVae,
  inverseAutoregressive,
  type LatentModel,
  mlp,
  predictionConstrained,
  type SymbolicParams,
  sharedVarianceNormal,
  traceContext,
  transposedConvOutput,
  vae,
  withLabelHead,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { movedParams } from '../objectives/movedParams.ts';
import { compute, expectClose, floats } from '../support.ts';

const net = () => mlp([3], { activation: 'tanh' });
const plain = vae({ dataShape: [4], latentDim: 2, encoder: net(), decoder: net() });
const x = floats([1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1], [3, 4]);

describe('labels.logits are those of the mean probability over draws', () => {
  test.each(['categorical', 'bernoulli'] as const)('%s', async (kind) => {
    const numSamples = 4;
    const model = withLabelHead(plain, { numLabels: 3, kind, numSamples, hidden: [5], activation: 'tanh' });
    const params = movedParams(model, 1);
    type Symbols = { params: SymbolicParams; x: Tensor };
    const { each } = await compute({ params, x }, (inputs: Symbols, trace) => {
      const context = traceContext(trace, false);
      const z = model.encode(inputs.params, inputs.x, context).rsample(context.site('labels/z'), [numSamples]);
      return { each: model.labels!.fromCode!(inputs.params, z, context) };
    });
    const { logits } = await compute({ params, x }, (inputs: Symbols, trace) => ({
      logits: model.labels!.logits(inputs.params, inputs.x, traceContext(trace, false)),
    }));
    const at = (s: number, b: number) => each.slice((s * 3 + b) * 3, (s * 3 + b) * 3 + 3).map(Math.exp);
    const want = [0, 1, 2].flatMap((b) =>
      [0, 1, 2].map((k) => {
        let [on, off] = [0, 0];
        for (let s = 0; s < numSamples; s++) {
          const odds = at(s, b);
          const p = odds[k]! / (kind === 'categorical' ? odds.reduce((a, c) => a + c) : 1 + odds[k]!);
          on += p / numSamples;
          off += (1 - p) / numSamples;
        }
        return kind === 'categorical' ? Math.log(on) : Math.log(on / off);
      }),
    );
    expectClose(logits, want, 1e-10);
    expect(new Set(each.slice(0, 9)).size).toBe(9);
  });
});

test('the model below is unchanged by its head', () => {
  const model = withLabelHead(plain, { numLabels: 3 });
  const { labels, ...rest } = model.init(key(5));
  expect(rest).toEqual(plain.init(key(5)));
  expect(Object.keys(labels as object)).toEqual(['head', 'buffers']);
  expect(model.describe()).toEqual({
    ...plain.describe(),
    labels: 'categorical, 3 from z: linear 2 → 3; 10 draws',
  });
});

test.each([
  [{ numLabels: 1 }, 'numLabels: got 1, expected a whole number, 2 or more'],
  [{ numLabels: 0, kind: 'bernoulli' }, 'numLabels: got 0, expected a whole number, 1 or more'],
  [{ numLabels: 3, kind: 'ordinal' as never }, 'kind of labels: got ordinal'],
  [{ numLabels: 3, numSamples: 0 }, 'numSamples of labels: got 0'],
] as const)('%o is refused', (options, message) => {
  expect(() => withLabelHead(plain, options)).toThrow(message);
});

test('a conditional model is refused', () => {
  const model = cvae({ dataShape: [4], latentDim: 2, conditionSize: 2, encoder: net(), decoder: net() });
  expect(() => withLabelHead(model, { numLabels: 2 })).toThrow('a model given 2 values beside each example');
});

/** The gradient along one direction against a central difference, all draws being those of one seed. */
async function alongDirection(model: LatentModel, rows: HostTensor) {
  const objective = predictionConstrained({ lambda: 2, consistency: { weight: 3 }, labelPrior: { weight: 1 } });
  const params = movedParams(model, 0.3);
  const n = rows.shape[0]!;
  const inputs = {
    params,
    x: rows,
    targets: floats([0, 1, 0, 1, 0, 0], [2, 3]),
    weights: floats(new Array(n).fill(1 / n)),
  };
  type Symbols = { params: SymbolicParams; x: Tensor; targets: Tensor; weights: Tensor };
  const program = await compile(
    ((symbols: Symbols, trace: never) => {
      const context = {
        ...traceContext(trace, true, { weights: symbols.weights }),
        datasetSize: n,
        schedule: (_: string, at: { at(p: object): number }) => constant(at.at({})),
      };
      const { loss } = objective.loss(model, symbols.params, symbols, context as never);
      return { loss, gradient: grad(loss, symbols.params) };
    }) as never,
    specsOf(inputs) as never,
    { runtime: interpreter },
  );
  const leaves = (tree: unknown, path = ''): [string, HostTensor][] =>
    'dtype' in (tree as object)
      ? [[path, tree as HostTensor]]
      : Object.entries(tree as object).flatMap(([name, node]) => leaves(node, path ? `${path}/${name}` : name));
  const direction = new Map(leaves(params).map(([path, t], i) => [path, normalArray(key(i), t.data.length)]));
  const moved = (tree: HostParams, by: number, path = ''): HostParams =>
    Object.fromEntries(
      Object.entries(tree).map(([name, node]) => {
        const at = path ? `${path}/${name}` : name;
        if (!('dtype' in node)) return [name, moved(node as HostParams, by, at)];
        const t = node as HostTensor;
        return [
          name,
          floats(
            Array.from(t.data as Float64Array, (v, i) => Number(v) + by * direction.get(at)![i]!),
            t.shape,
          ),
        ];
      }),
    );
  const run = async (by: number) => {
    const noise = { seed: 3, rows: Int32Array.from({ length: n }, (_, i) => i), draws: 0 };
    return (await program.run({ ...inputs, params: moved(params, by) } as never, { noise })) as {
      loss: HostTensor;
      gradient: HostParams;
    };
  };
  const { gradient } = await run(0);
  const slope = leaves(gradient).reduce((s, [path, t]) => {
    if (path.includes('buffers')) return s;
    return s + Array.from(t.data as Float64Array).reduce((a, g, i) => a + g * direction.get(path)![i]!, 0);
  }, 0);
  const value = async (by: number) => Number((await run(by)).loss.data[0]);
  const h = 1e-5;
  const difference = ((await value(h)) - (await value(-h))) / (2 * h);
  await program.dispose();
  return { slope, difference };
}

describe('the constraint with all terms trains every kind of model: gradient along a direction', () => {
  const image = { channels: [2, 3], activation: 'tanh', norm: 'batch' } as const;
  const parts = { dataShape: [4], latentDim: 2, encoder: net(), decoder: net() };
  const three = { numLabels: 3 };
  const models: [string, LatentModel][] = [
    ['shared variance', vae({ ...parts, posterior: sharedVarianceNormal() })],
    ['full covariance', vae({ ...parts, posterior: fullCovarianceNormal() })],
    [
      'flow behind the posterior',
      vae({
        ...parts,
        posterior: flowPosterior({
          flow: inverseAutoregressive({ hidden: [3], activation: 'tanh' }),
          base: diagonalNormal(),
        }),
      }),
    ],
    [
      'two stochastic layers',
      hierarchicalVae({ ...parts, latentDims: [2, 1], upper: { encoder: net(), decoder: net() } }),
    ],
    [
      'convolutions with batch norm',
      vae({
        dataShape: [4, 4],
        latentDim: 2,
        encoder: convEncoder([4, 4], image),
        decoder: convDecoder([4, 4], image),
        outputLayer: transposedConvOutput(image),
      }),
    ],
  ];
  test.each(models)('%s', async (_, model) => {
    const size = model.dataShape.reduce((a, b) => a * b);
    const bits = Array.from({ length: 5 * size }, (_, i) => Number((i * i) % 7 < 3));
    const { slope, difference } = await alongDirection(
      withLabelHead(model, { ...three, hidden: [3], activation: 'tanh' }),
      floats(bits, [5, size]),
    );
    expect(Math.abs(slope)).toBeGreaterThan(0.05);
    expect(Math.abs(slope - difference)).toBeLessThan(1e-5 * Math.max(1, Math.abs(slope)));
  });
});
