import { flatten, foldIn, type HostTensor, key, normalArray, type Runtime } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  betaTc,
  digits,
  dip,
  type EpochReport,
  elbo,
  type FitOptions,
  fisher,
  fit,
  gaussianLikelihood,
  infoVae,
  iwae,
  linearWarmup,
  mlp,
  type Objective,
  reconstruction,
  type Training,
  take,
  vae,
} from 'reparam';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectClose, floats } from '../support.ts';
import { atNoise, finiteDifference, type Situation } from './atNoise.ts';
import { movedParams } from './movedParams.ts';

interface Row {
  readonly objective: Objective;
  /** Draws on a first axis of the noise of z; absent: no such axis. */
  readonly draws?: number;
  /** Whether the gradient is the derivative of the loss at given noise. */
  readonly isDerivative?: boolean;
  readonly needsWholeBatch?: boolean;
}

const rowsOf: Record<string, Row> = {
  elbo: { objective: elbo() },
  'elbo, sampled': { objective: elbo({ kl: 'sampled', numSamples: 3, beta: 0.5 }), draws: 3 },
  'elbo, free bits': { objective: elbo({ freeBits: 0.3 }), needsWholeBatch: true },
  'elbo, capacity': {
    objective: elbo({ capacity: { gamma: 20, nats: linearWarmup({ from: 0, to: 4, epochs: 2 }) } }),
    needsWholeBatch: true,
  },
  'elbo, score function': {
    objective: elbo({ gradient: 'score-function', numSamples: 4 }),
    draws: 4,
    isDerivative: false,
  },
  'elbo, score function, batch baseline': {
    objective: elbo({ gradient: 'score-function', kl: 'sampled' }),
    isDerivative: false,
    needsWholeBatch: true,
  },
  iwae: { objective: iwae({ numSamples: 3 }), draws: 3 },
  'iwae, one draw': { objective: iwae({ numSamples: 1 }), draws: 1 },
  'iwae, doubly reparameterised': {
    objective: iwae({ numSamples: 3, gradient: 'doubly-reparameterised' }),
    draws: 3,
    isDerivative: false,
  },
  'β-TC': { objective: betaTc({ beta: 4 }), needsWholeBatch: true },
  'β-TC, weighted': { objective: betaTc({ estimator: 'weighted' }), needsWholeBatch: true },
  InfoVAE: { objective: infoVae({ alpha: 0.5, lambda: 10 }), needsWholeBatch: true },
  'WAE-MMD': { objective: infoVae({ kernel: { kind: 'rbf' }, estimator: 'biased' }), needsWholeBatch: true },
  'DIP I': { objective: dip({ variant: 'i' }), needsWholeBatch: true },
  'DIP II': { objective: dip(), needsWholeBatch: true },
  fisher: { objective: fisher() },
  'fisher, reference': { objective: fisher({ mode: 'reference' }), isDerivative: false },
  reconstruction: { objective: reconstruction() },
};

const [dataSize, latentDim, batchRows] = [5, 2, 6];
const small = vae({
  dataShape: [dataSize],
  latentDim,
  encoder: mlp([4], { activation: 'tanh' }),
  decoder: mlp([4], { activation: 'tanh' }),
  likelihood: gaussianLikelihood({ scale: 'shared' }),
});
const normals = (name: string, ...shape: number[]) =>
  floats(
    Array.from(
      normalArray(
        foldIn(key(4), name),
        shape.reduce((a, b) => a * b),
      ),
    ),
    shape,
  );

/** Five examples, of unlike weights where that is allowed, and a row of padding. */
const situationOf = ({ draws, needsWholeBatch = false }: Row): Situation => ({
  model: small,
  params: movedParams(small),
  x: normals('x', batchRows, dataSize),
  weights: needsWholeBatch ? [0.2, 0.2, 0.2, 0.2, 0.2, 0] : [0.1, 0.3, 0.2, 0.15, 0.25, 0],
  noise: {
    z: normals('z', ...(draws === undefined ? [] : [draws]), batchRows, latentDim),
    mmd: normals('mmd', batchRows, latentDim),
  },
  datasetSize: 50,
});

const model = vae({
  dataShape: [8, 8],
  latentDim: 3,
  encoder: mlp([12], { activation: 'tanh' }),
  decoder: mlp([12], { activation: 'tanh' }),
  likelihood: gaussianLikelihood({ scale: 0.5 }),
});
const data = take(digits('train'), 40);
let runtime: Runtime;
beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 1 });
});

describe.each(Object.entries(rowsOf))('%s', (_, row) => {
  const { objective, isDerivative = true, needsWholeBatch = false } = row;
  const options: FitOptions = { runtime, objective, epochs: 4, batchSize: 16, seed: 3, learningRate: 3e-3 };
  const train = (changes: Partial<FitOptions> = {}) => fit(model, data, { ...options, runtime, ...changes });

  test('the terms every objective reports, and padding that counts nothing', async () => {
    const situation = situationOf(row);
    const got = await atNoise(objective, situation);
    const { elbo: bound, rate, distortion } = got.terms as Record<string, number>;
    expect(bound).toBeCloseTo(-(rate! + distortion!), 12);
    for (const value of [got.loss, ...Object.values(got.terms)]) expect(Number.isFinite(value)).toBe(true);
    const x = Float64Array.from(situation.x.data as Float64Array);
    x.fill(3, -dataSize);
    const other = await atNoise(objective, { ...situation, x: floats(x, situation.x.shape) });
    expect(other.loss).toBeCloseTo(got.loss, 12);
    for (const [path, values] of Object.entries(got.gradient)) expectClose(other.gradient[path]!, values, 1e-12);
  });

  test.runIf(isDerivative)('the gradient is the derivative, by finite differences', async () => {
    const situation = situationOf(row);
    const { gradient } = await atNoise(objective, situation);
    for (const path of ['posterior/weight', 'output/bias', 'likelihood/logScale']) {
      const want = await finiteDifference(situation, path, async (at) => (await atNoise(objective, at)).loss);
      expectClose(gradient[path]!, want, 1e-5);
    }
  });

  test('digits: every term finite, and better reconstructions', async () => {
    const epochs: EpochReport[] = [];
    for await (const epoch of train({ epochs: 8 })) epochs.push(epoch);
    for (const { train: terms } of epochs) {
      for (const [name, value] of Object.entries(terms)) expect(Number.isFinite(value), name).toBe(true);
    }
    expect(epochs.at(-1)!.train.distortion).toBeLessThan(epochs[0]!.train.distortion);
  });

  test('stopped and resumed: not a bit differs', async () => {
    const whole = await finish(train());
    const controller = new AbortController();
    const first = train({
      signal: controller.signal,
      stepsPerCall: 1,
      onProgress: ({ step }) => step === 5 && controller.abort(),
    });
    await expect(finish(first)).rejects.toThrow('training was interrupted');
    expect(first.state.step).toBe(5);
    expect(await finish(train({ state: structuredClone(first.state) }))).toEqual(whole);
  });

  test('two micro-batches: the step of one batch, or refused', async () => {
    const halves = train({ epochs: 1, microBatches: 2 });
    if (needsWholeBatch) return expect(finish(halves)).rejects.toThrow('batches cannot be cut into micro-batches here');
    const [a, b] = [await finish(train({ epochs: 1 })), await finish(halves)];
    for (const [path, values] of Object.entries(a)) expectClose(b[path]!, values, 1e-4);
  });
});

async function finish(training: Training): Promise<Record<string, number[]>> {
  for await (const _ of training);
  const leaves = flatten<HostTensor>({ params: training.state.params, optimizer: training.state.optimizer });
  return Object.fromEntries(leaves.map(([path, { data: values }]) => [path, Array.from(values as Float32Array)]));
}
