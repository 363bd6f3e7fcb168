import { foldIn, type HostTensor, key, mapTree, normalArray, type Tensor } from '@reparam/tensor';
import {
  cvae,
  elbo,
  gsnn,
  type HostParams,
  hybrid,
  type LatentModel,
  mixtureOfNormals,
  mlp,
  type SymbolicParams,
  standardNormal,
  traceContext,
  vae,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, expectMean, floats } from '../support.ts';
import { drawObjective } from './objective.ts';

const net = () => mlp([4], { activation: 'tanh' });
const parts = { dataShape: [5], latentDim: 1, encoder: net(), decoder: net() };
const x = floats([1, 0, 1, 1, 0], [1, 5]);
const condition = floats([0, 1, 0], [1, 3]);

const paramsOf = (model: LatentModel) =>
  mapTree<HostParams, HostTensor, HostTensor>(model.init(key(2)), (t, path) =>
    floats(
      Array.from(normalArray(foldIn(key(4), path), t.data.length), (z) => 0.6 * z),
      t.shape,
    ),
  ) as HostParams;

/** E_p(z given c) log p(x given z, c) by a sum over 4000 places. */
async function predicted(model: LatentModel, params: HostParams): Promise<number> {
  const count = 4000;
  const width = 24 / count;
  const rows = (t: HostTensor) =>
    floats(
      Array.from({ length: count * t.data.length }, (_, i) => Number(t.data[i % t.data.length])),
      [count, t.shape[1]!],
    );
  const z = floats(
    Array.from({ length: count }, (_, i) => -12 + (i + 0.5) * width),
    [count, 1],
  );
  const { prior, likelihood } = await compute(
    { params, z, x: rows(x), condition: rows(condition) },
    (inputs: { params: SymbolicParams; z: Tensor; x: Tensor; condition: Tensor }, trace) => {
      const context = traceContext(trace, false, { condition: inputs.condition });
      return {
        prior: model.prior(inputs.params, context).logProb(inputs.z),
        likelihood: model.decode(inputs.params, inputs.z, context).logProb(inputs.x),
      };
    },
  );
  return prior.reduce((sum, logP, i) => sum + Math.exp(logP) * width * likelihood[i]!, 0);
}

describe.each([
  ['learned prior', cvae({ ...parts, conditionSize: 3 })],
  ['fixed prior', cvae({ ...parts, conditionSize: 3, prior: standardNormal() })],
] as const)('prediction with a %s', (_, model) => {
  const params = paramsOf(model);

  test('GSNN is the expectation under p(z given c), with one draw and with three', async () => {
    const exact = await predicted(model, params);
    for (const numSamples of [1, 3]) {
      const {
        loss,
        gsnn: reported,
        rate,
      } = await drawObjective(gsnn({ numSamples }), model, params, x, 4000, { condition });
      expectMean(
        loss!.map((each) => -each),
        exact,
      );
      expectClose(
        reported!,
        loss!.map((each) => -each),
        1e-12,
      );
      expect(rate!.every((each) => each === 0)).toBe(true);
    }
  });

  test('the hybrid is the weighted sum of its two parts, on the same draws', async () => {
    const draws = (objective: ReturnType<typeof elbo>) => drawObjective(objective, model, params, x, 50, { condition });
    const [mixed, bound, alone] = [await draws(hybrid({ alpha: 0.3 })), await draws(elbo()), await draws(gsnn())];
    expectClose(
      mixed.loss!,
      mixed.loss!.map((_, i) => 0.3 * bound.loss![i]! + 0.7 * alone.loss![i]!),
      1e-12,
    );
    expectClose(mixed.elbo!, bound.elbo!, 1e-12);
    expectClose(mixed.gsnn!, alone.gsnn!, 1e-12);
  });
});

test('refuses what cannot predict, and weights that are none', async () => {
  const model = vae(parts);
  await expect(drawObjective(gsnn(), model, model.init(key(1)), x, 2)).rejects.toThrow(/model without a condition/);
  const mixed = cvae({ ...parts, conditionSize: 3, prior: mixtureOfNormals() });
  await expect(drawObjective(hybrid(), mixed, mixed.init(key(1)), x, 2, { condition })).rejects.toThrow(/no gradient/);
  expect(() => hybrid({ alpha: 1.5 })).toThrow(/from 0 to 1/);
});
