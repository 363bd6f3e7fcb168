import { flatten, type HostTensor, key, ReparamError } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  type Binarization,
  buildLearningRate,
  buildModel,
  buildObjective,
  buildOptimizer,
  buildRecipe,
  chooseBinarization,
  completeModel,
  createDataset,
  digits,
  findPreset,
  fit,
  type LearningRateConfig,
  type LikelihoodConfig,
  presets,
  type RecipeConfig,
  take,
} from 'reparam';
import { beforeAll, describe, expect, it } from 'vitest';

const leaves = (config: RecipeConfig['model'], dataShape: readonly number[]) =>
  flatten<HostTensor>(buildModel(config, dataShape).init(key(1)));
const parameters = (config: RecipeConfig['model'], dataShape: readonly number[]) =>
  leaves(config, dataShape).reduce((sum, [, { data }]) => sum + data.length, 0);

const { model: vaeModel } = findPreset('vae').recipe;

let runtime: Awaited<ReturnType<typeof nodeRuntime>>;
beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 1 });
});

describe('presets', () => {
  it.each([
    // 784·200+200 + 200·200+200 + 2(200·50+50) + 50·200+200 + 200·200+200 + 200·784+784
    ['vae', 425_284],
    // 784·400+400 + 2(400·20+20) + 20·400+400 + 400·784+784: the count PyTorch gives
    ['vae-pytorch', 652_824],
    ['beta-vae', 425_284],
    // As vae with 2(200·2+2) + 2·200+200
    ['vae-2d', 396_388],
    ['iwae-paper', 425_284],
    // As vae with a second layer: 100·100+100 + 100·100+100 + 2(100·50+50) up, 50·100+100 + 100·100+100 + 2(100·100+100) down,
    // and 50 more dimensions in the first
    ['iwae-two-layers', 425_284 + 2 * 50 * 201 + 50 * 200 + 20_200 + 10_100 + 15_200 + 20_200],
    // As vae with 20 dimensions, 2·10² outputs for what lies below the diagonal
    ['vae-full', 425_284 - 3 * 30 * 200 - 60 + 200 * 201],
    // As vae with 20 dimensions, the class beside x and z, and a normal for each class
    ['cvae', 425_284 - 3 * 30 * 200 - 60 + 2 * 10 * 200 + 10 * 40 + 40],
  ])('%s has the published number of parameters on 28×28', (name, expected) => {
    const { condition, ...model } = findPreset(name).recipe.model;
    const given = condition?.kind === 'labels' ? { condition: { ...condition, numClasses: 10 } } : {};
    expect(parameters({ ...model, ...given }, [28, 28])).toBe(expected);
  });

  it('sizes follow the data', () => {
    expect(parameters(vaeModel, [8, 8])).toBe(425_284 - (784 - 64) * 401);
    const { model, fitOptions } = buildRecipe(findPreset('vae').recipe, digits());
    expect(model.dataShape).toEqual([8, 8]);
    expect(fitOptions).toMatchObject({ epochs: 25, batchSize: 128, binarization: 'dynamic' });
  });

  it.each(
    presets.map((preset) => [preset.name, preset.recipe] as const),
  )('%s trains as it stands', async (_, recipe) => {
    const isCount = recipe.model.encoderInput === 'log1p';
    const data = take(isCount ? { ...digits(), scale: 1 } : digits(), 20);
    const training = { ...recipe.training, epochs: 1, batchSize: 20 };
    const { model, data: examples, fitOptions } = buildRecipe({ ...recipe, training }, data);
    const epochs = [];
    for await (const epoch of fit(model, examples, { ...fitOptions, runtime })) epochs.push(epoch);
    expect(epochs).toHaveLength(1);
    expect(epochs[0]!.train.elbo).toBeLessThan(0);
  });

  it('an unknown name suggests the nearest', () => {
    expect(() => findPreset('iwaepaper')).toThrow(/"iwaepaper".*Did you mean "iwae-paper"\?/);
  });

  it('are plain JSON with a reference', () => {
    for (const { recipe, reference, summary } of presets) {
      expect(JSON.parse(JSON.stringify(recipe))).toEqual(recipe);
      expect(reference.length * summary.length).toBeGreaterThan(0);
      expect(summary).not.toContain('\n');
    }
  });
});

describe('buildModel', () => {
  it.each<[string, Partial<RecipeConfig['model']>, Record<string, string>]>([
    [
      'the decoder mirrors the encoder',
      { hidden: [30, 10], latentDim: 3 },
      { decoder: 'linear 3 → 10, tanh, linear 10 → 30, tanh, linear 30 → 12' },
    ],
    [
      'or has sizes of its own',
      { hidden: [30], decoderHidden: [5], latentDim: 3 },
      { decoder: 'linear 3 → 5, tanh, linear 5 → 12' },
    ],
    [
      'a linear model',
      {
        hidden: [],
        latentDim: 2,
        posterior: { kind: 'shared-variance' },
        likelihood: { kind: 'gaussian', scale: 'shared' },
      },
      { encoder: 'identity', decoder: 'linear 2 → 12', likelihood: 'Gaussian, learned σ (shared)' },
    ],
    [
      'layer norm and dropout',
      { hidden: [4], layerNorm: true, dropout: 0.5, activation: 'relu' },
      { encoder: 'linear 12 → 4, layer norm, relu, dropout 0.5' },
    ],
    [
      'a full covariance',
      { posterior: { kind: 'full-covariance' } },
      { posterior: 'N(μ(x), L(x) L(x)ᵀ), full covariance' },
    ],
    ['an autoencoder', { posterior: { kind: 'delta' } }, { posterior: 'point mass at μ(x)' }],
    ['a learned prior', { prior: { kind: 'learned' } }, { prior: 'N(m, diag s²), learned' }],
    ['a mixture', { prior: { kind: 'mixture', components: 3 } }, { prior: 'mixture of 3 normals, learned' }],
    [
      'a VampPrior',
      { prior: { kind: 'vamp', pseudoInputs: 7 } },
      { prior: 'VampPrior: q(z|u) averaged over 7 learned pseudo-inputs u' },
    ],
    [
      'labels',
      { hidden: [5], condition: { kind: 'labels', numClasses: 4 }, prior: { kind: 'conditional' } },
      { encoder: 'condition appended, linear 16 → 5, tanh', prior: 'N(μ(c), diag σ²(c)), learned' },
    ],
    [
      'labels behind convolutions',
      {
        hidden: [],
        latentDim: 2,
        network: { kind: 'conv', channels: [4], kernel: 3, stride: 1 },
        condition: { kind: 'labels', numClasses: 4 },
      },
      { encoder: expect.stringMatching(/condition appended$/) as unknown as string },
    ],
    [
      'a quadrant to complete',
      { hidden: [5], condition: { kind: 'completion', missing: 'top-left' } },
      {
        encoder: 'condition appended, linear 12 → 5, tanh',
        decoder: expect.stringMatching(/linear 5 → 4$/) as unknown as string,
      },
    ],
    [
      'two stochastic layers',
      { hidden: [5], latentDim: 3, upper: { latentDim: 2, hidden: [4] } },
      {
        decoder: 'linear 3 → 5, tanh, linear 5 → 12',
        prior: expect.stringMatching(/^z2: N\(0, I\); z1 given z2/) as unknown as string,
      },
    ],
    ['a fixed scale', { likelihood: { kind: 'gaussian', scale: 0.1 } }, { likelihood: 'Gaussian, σ = 0.1' }],
    [
      'flows behind the posterior and under the prior',
      {
        posterior: { kind: 'flow', layers: 'planar', length: 1 },
        prior: { kind: 'flow', layers: 'coupling', length: 1, hidden: [7], logScaleBound: 2 },
      },
      {
        posterior: 'N(μ(x), diag σ²(x)) → planar',
        prior: 'N(0, I) through the inverse of affine coupling, 7 relu, |log s| < 2',
      },
    ],
    [
      'a flow as the whole model',
      { flow: { layers: 'autoregressive', length: 2, hidden: [5], levels: 17, alpha: 0.01 } },
      {
        encoder: 'activation normalisation → masked autoregressive, 5 relu → masked autoregressive, 5 relu',
        likelihood: 'point mass at the inverse of f; dequantised (17 levels), logit with α = 0.01',
      },
    ],
    [
      'a flow as encoder and decoder',
      { flow: { layers: 'linear-qr', length: 1, scale: 0.5 } },
      { encoder: 'activation normalisation → linear, W = Q R', posterior: 'f(x + s ε), s = 0.5' },
    ],
    ['bits one after the other', { flow: { layers: 'bits', hidden: [9] } }, { encoder: 'masked net 9 relu' }],
  ])('%s', (_, changes, expected) => {
    expect(buildModel({ ...vaeModel, ...changes }, [3, 4]).describe()).toMatchObject(expected);
  });

  it('the data decides whether a flow dequantises, and how many levels', () => {
    const { model } = findPreset('maf').recipe;
    const levels = (data: ReturnType<typeof digits>) => completeModel(model, data).flow?.levels;
    expect(levels(digits())).toBe(17);
    expect(levels(createDataset({ name: 'bytes', data: Uint8Array.of(0, 255), shape: [1], scale: 1 / 255 }))).toBe(256);
    expect(levels(createDataset({ name: 'table', data: Float32Array.of(0, 0.5), shape: [1] }))).toBe(0);
    expect(completeModel({ ...model, flow: { ...model.flow!, levels: 4 } }, digits()).flow?.levels).toBe(4);
  });

  it('the initialiser holds for every layer; PyTorch’s draws biases too', () => {
    const biases = (initializer?: 'lecunUniform' | 'heNormal') =>
      leaves({ ...vaeModel, hidden: [6], ...(initializer && { initializer }) }, [5]).filter(([path]) =>
        path.endsWith('bias'),
      );
    for (const [, { data }] of biases('lecunUniform'))
      expect((data as Float32Array).some((value) => value !== 0)).toBe(true);
    for (const [, { data }] of biases('heNormal'))
      expect((data as Float32Array).every((value) => value === 0)).toBe(true);
    const zero = leaves({ ...vaeModel, hidden: [6], initializer: 'zeros' }, [5]);
    for (const [, { data }] of zero) expect((data as Float32Array).every((value) => value === 0)).toBe(true);
  });
});

describe('objectives, optimisers and learning rates', () => {
  const elbo = { kind: 'elbo', kl: 'analytic', numSamples: 1, beta: 1, freeBits: 0 } as const;

  it.each([
    [elbo, 'KL in closed form, 1 draw'],
    [{ ...elbo, kl: 'sampled', numSamples: 3 } as const, 'all terms sampled, 3 draws'],
    [{ ...elbo, beta: 4 }, '4 · '],
    [{ ...elbo, beta: { schedule: 'linear', from: 0, to: 4, epochs: 10 } } as const, '0 → 4 over 10 epochs'],
    [{ ...elbo, beta: { schedule: 'cyclical', cycles: 3 } } as const, '0 → 1 in 3 cycles'],
    [{ ...elbo, freeBits: 0.5 }, 'max(0.5, KL_j)'],
    [{ kind: 'iwae', numSamples: 50 } as const, '(1/50)'],
    [{ kind: 'iwae', numSamples: 5, gradient: 'doubly-reparameterised' } as const, 'doubly reparameterised'],
    [{ ...elbo, capacity: { gamma: 9, nats: 3 } }, '9 · |KL(q(z|x) ‖ p(z)) − C|, C 3 nats'],
    [{ ...elbo, gradient: 'score-function' } as const, 'score-function gradient with baseline batch'],
    [{ ...elbo, numSamples: 2, gradient: 'score-function' } as const, 'with baseline leave-one-out'],
    [{ kind: 'beta-tc', beta: 4, estimator: 'weighted' } as const, '4 · TC − 1 · Σ_j KL(q(z_j) ‖ p(z_j)), q(z) from'],
    [{ kind: 'infovae', alpha: 0, lambda: 5 } as const, '1 · KL(q(z|x) ‖ p(z)) − 4 · MMD²(q(z), p(z)), unbiased'],
    [{ kind: 'dip', variant: 'i', offDiagonal: 2 } as const, 'C = Cov E(z|x) over the batch'],
    [{ kind: 'fisher', mode: 'reference' } as const, 'as in the reference code (experimental)'],
    [{ kind: 'reconstruction' } as const, 'E_q log p(x|z), without a rate'],
  ])('%j', (config, description) => {
    expect(buildObjective(config).description).toContain(description);
  });

  it.each([
    [{ kind: 'adam', learningRate: 1, epsilon: 1e-4, beta1: 0.8 } as const, 'adam (β₁ 0.8, β₂ 0.999, ε 0.0001)'],
    [{ kind: 'adamw', learningRate: 1 } as const, 'adamw (weight decay 0.01'],
    [{ kind: 'sgd', learningRate: 1 } as const, 'sgd'],
    [{ kind: 'momentum', learningRate: 1, nesterov: true } as const, 'sgd (momentum 0.9, nesterov)'],
    [{ kind: 'sgd', learningRate: 1, clipNorm: 5 } as const, 'sgd, global norm clipped at 5'],
  ])('%j', (config, description) => {
    expect(buildOptimizer(config).description).toContain(description);
  });

  it.each<[LearningRateConfig, [number, number, number]]>([
    [0.5, [0.5, 0.5, 0.5]],
    [{ schedule: 'constant', value: 0.2 }, [0.2, 0.2, 0.2]],
    [{ schedule: 'step', value: 1, factor: 0.5, epochs: 2 }, [1, 0.5, 0.25]],
    [{ schedule: 'cosine', value: 1 }, [1, 0.5, 0]],
    [{ schedule: 'cosine', value: 1, final: 0.2 }, [1, 0.6, 0.2]],
    [{ schedule: 'iwae-paper', value: 1 }, [1, 10 ** (-1 / 7), 10 ** (-2 / 7)]],
  ])('%j at epochs 0, 2 and 4 of 4', (config, expected) => {
    const schedule = buildLearningRate(config);
    const at = (epoch: number) =>
      typeof schedule === 'number' ? schedule : schedule.at({ step: 10 * epoch, stepsPerEpoch: 10, totalSteps: 40 });
    [0, 2, 4].forEach((epoch, i) => {
      expect(at(epoch)).toBeCloseTo(expected[i]!, 12);
    });
  });
});

describe('chooseBinarization', () => {
  const bernoulli: LikelihoodConfig = { kind: 'bernoulli' };
  const gaussian: LikelihoodConfig = { kind: 'gaussian', scale: 'shared' };
  const grey = digits();
  const bits = createDataset({ name: 'bits', data: Uint8Array.of(0, 1, 1, 0), shape: [2] });
  const real = createDataset({ name: 'real', data: Float32Array.of(0, 1.5, -1, 0), shape: [2] });

  it.each<[string, LikelihoodConfig, typeof grey, Binarization | undefined, Binarization, number]>([
    ['grey, left open', bernoulli, grey, undefined, 'dynamic', 0],
    ['grey, by name', bernoulli, grey, 'none', 'none', 1],
    ['grey, static', bernoulli, grey, 'static', 'static', 0],
    ['bits, left open', bernoulli, bits, undefined, 'none', 0],
    ['bits, none', bernoulli, bits, 'none', 'none', 0],
    ['Gaussian on grey', gaussian, grey, undefined, 'none', 0],
    ['Gaussian on real', gaussian, real, undefined, 'none', 0],
    ['Gaussian on bits drawn', gaussian, grey, 'dynamic', 'dynamic', 1],
  ])('%s', (_, likelihood, data, wanted, binarization, warnings) => {
    const chosen = chooseBinarization(likelihood, data, wanted);
    expect([chosen.binarization, chosen.warnings.length]).toEqual([binarization, warnings]);
  });

  it('values outside [0, 1] are refused for a Bernoulli likelihood, whatever the binarisation', () => {
    for (const wanted of [undefined, 'none', 'dynamic'] as const) {
      const attempt = () => chooseBinarization(bernoulli, real, wanted);
      expect(attempt).toThrow(ReparamError);
      expect(attempt).toThrow(/got values from -1 to 1.5, expected values in \[0, 1\]. Use a Gaussian/);
    }
  });
});
