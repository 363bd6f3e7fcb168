import { readdirSync, readFileSync } from 'node:fs';
import { flatten, type HostTensor, interpreter, mapTree, type Runtime, type StepExecutable } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  adam,
  adamw,
  batchBuffer,
  bernoulliLikelihood,
  compileTrainingStep,
  createDataset,
  elbo,
  gaussianLikelihood,
  type HostParams,
  iwae,
  type LatentModel,
  mlp,
  type Objective,
  type Optimizer,
  sgd,
  vae,
} from 'reparam';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectClose, floats, numbers } from '../support.ts';

/** What PyTorch computed in float64, by test/parity/make_fixture.py. */
interface Values {
  readonly shape: number[];
  readonly data: number[];
}
interface Fixture {
  readonly activation: 'tanh' | 'relu';
  readonly likelihood: { kind: 'bernoulli' | 'gaussian'; scale?: number | 'shared' | 'per-dimension' };
  readonly sizes: { pixels: number; hidden: number; latent: number; batch: number };
  readonly x: Values;
  readonly eps: Record<string, Values>;
  readonly params: Record<string, Values>;
  readonly expected: readonly {
    readonly objective: { kind: string; kl?: 'analytic' | 'sampled'; beta?: number; freeBits?: number };
    readonly draws: number;
    readonly loss: number;
    readonly terms: Record<string, number>;
    readonly gradient: Record<string, Values>;
  }[];
  readonly steps?: number;
  readonly optimizers?: readonly {
    readonly name: 'adam' | 'adamw' | 'sgd';
    readonly settings: Record<string, number>;
    readonly learningRate: number;
    readonly losses: number[];
    readonly params: Record<string, Values>;
  }[];
}

const folder = new URL('../fixtures/', import.meta.url);
const fixtures = readdirSync(folder)
  .filter((name) => name.startsWith('parity-'))
  .map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Fixture] as const);

const tensor = ({ shape, data }: Values): HostTensor => floats(data, shape);

/** The fixture's weights are [in, out]; ours are [out, in], and one layer gives both halves of the posterior. */
function toParams(values: Record<string, Values>): HostParams {
  const layer = (...names: string[]) => {
    const weights = names.map((name) => {
      const { shape, data } = values[`${name}.weight`]!;
      const [inputs, outputs] = shape as [number, number];
      return Array.from({ length: outputs }, (_, o) =>
        Array.from({ length: inputs }, (_, i) => data[i * outputs + o]!),
      );
    });
    const rows = weights.flat();
    const bias = names.flatMap((name) => values[`${name}.bias`]!.data);
    return { weight: floats(rows.flat(), [rows.length, rows[0]!.length]), bias: floats(bias) };
  };
  const logScale = values['likelihood.logScale'];
  return {
    encoder: { 0: layer('encoder.0') },
    posterior: layer('posterior.loc', 'posterior.logVariance'),
    prior: {},
    decoder: { 0: layer('decoder.0') },
    output: layer('output'),
    likelihood: logScale ? { logScale: tensor(logScale) } : {},
  };
}

const modelOf = ({ activation, likelihood: { kind, scale }, sizes }: Fixture): LatentModel =>
  vae({
    dataShape: [sizes.pixels],
    latentDim: sizes.latent,
    encoder: mlp([sizes.hidden], { activation }),
    decoder: mlp([sizes.hidden], { activation }),
    likelihood: kind === 'bernoulli' ? bernoulliLikelihood() : gaussianLikelihood({ scale: scale! }),
  });

const objectiveOf = ({ objective, draws }: Fixture['expected'][number]): Objective => {
  const { kind, ...options } = objective;
  return kind === 'iwae' ? iwae({ numSamples: draws }) : elbo({ ...options, numSamples: draws });
};

/** `runtime`, but the draws of z are these. */
const withDraws = (runtime: Runtime, eps: Values): Runtime => ({
  ...runtime,
  async loadStep(step): Promise<StepExecutable> {
    const executable = await runtime.loadStep(step);
    return {
      run(state, shared, inputs, steps) {
        const given = new Map(inputs);
        const repeated = Array.from({ length: steps }, () => eps.data).flat();
        expect(inputs.get('noise:z')!.data.length).toBe(repeated.length);
        given.set('noise:z', floats(repeated, [steps, ...eps.shape]));
        return executable.run(state, shared, given, steps);
      },
      dispose: () => executable.dispose(),
    };
  },
});

/** Keeps the parameters and remembers the gradient. */
const gradientProbe: Optimizer = {
  description: 'probe',
  init: (params) => mapTree<HostParams, HostTensor, HostTensor>(params, (t) => ({ ...t })) as HostParams,
  update: (gradients, _, params) => ({ params, state: gradients }),
};

/** A few steps of the library's own training step on the fixture's data, draws and parameters. */
async function train(
  fixture: Fixture,
  runtime: Runtime,
  objective: Objective,
  optimizer: Optimizer,
  draws: number,
  steps = 1,
  lr = 0,
) {
  const { sizes } = fixture;
  const params = toParams(fixture.params);
  const state = { params, optimizer: optimizer.init(params) };
  const step = await compileTrainingStep({
    model: modelOf(fixture),
    objective,
    optimizer,
    runtime: withDraws(runtime, fixture.eps[draws]!),
    state,
    buffer: batchBuffer(
      createDataset({ name: 'fixture', data: Float32Array.from(fixture.x.data), shape: [sizes.pixels] }),
      { steps, batchSize: sizes.batch },
    ),
  });
  const repeat = (values: readonly number[]) => Array.from({ length: steps }, () => values).flat();
  const scalars = Object.fromEntries(
    [...step.scalars].map(([name, value]) => [
      name,
      Array.from({ length: steps }, (_, k) => value(lr, { step: k, stepsPerEpoch: 1, totalSteps: steps })),
    ]),
  );
  const result = await step.program.run(
    state,
    {
      x: floats(repeat(fixture.x.data), [steps, ...fixture.x.shape]),
      weights: floats(repeat(new Array(sizes.batch).fill(1 / sizes.batch)), [steps, sizes.batch]),
    },
    steps,
    {
      noise: { seed: 0, rows: new Int32Array(steps * sizes.batch), draws: new Int32Array(steps * sizes.batch) },
      scalars,
    },
  );
  await step.program.dispose();
  return result;
}

function expectTree(got: HostParams, want: HostParams, tolerance: number): void {
  const wanted = new Map(flatten<HostTensor>(want));
  const leaves = flatten<HostTensor>(got).filter(([, t]) => 'dtype' in t);
  expect(leaves.map(([path]) => path).sort()).toEqual(
    [...wanted].flatMap(([path, t]) => ('dtype' in t ? [path] : [])).sort(),
  );
  for (const [path, t] of leaves) {
    expect(t.shape, path).toEqual(wanted.get(path)!.shape);
    expectClose(numbers(t), numbers(wanted.get(path)!), tolerance);
  }
}

const optimizerOf = (name: 'adam' | 'adamw' | 'sgd', settings: Record<string, number>): Optimizer =>
  ({ adam, adamw, sgd })[name](settings);

const label = ({ objective, draws }: Fixture['expected'][number]): string =>
  Object.entries({ ...objective, draws })
    .map(([k, v]) => `${k} ${v}`)
    .join(', ');

test('there are fixtures for every likelihood and both activations', () => {
  expect(fixtures.length).toBe(8);
  expect(new Set(fixtures.flatMap(([, f]) => f.expected.map(label))).size).toBeGreaterThanOrEqual(6);
});

describe.each([
  // Learning rates enter as float32.
  ['the interpreter', async (): Promise<Runtime> => interpreter, 1e-12, 1e-6],
  ['onnxruntime-node', () => nodeRuntime(), 1e-5, 1e-6],
] as const)('PyTorch and %s', (_, open, tolerance, stepTolerance) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await open();
  });

  describe.each(fixtures)('%s', (__, fixture) => {
    test.each(
      fixture.expected.map((e) => [label(e), e] as const),
    )('%s: loss, terms, every gradient', async (___, want) => {
      const { state, outputs } = await train(fixture, runtime, objectiveOf(want), gradientProbe, want.draws);
      expectClose(numbers(outputs.loss!), [want.loss], tolerance);
      for (const [term, value] of Object.entries(want.terms)) expectClose(numbers(outputs[term]!), [value], tolerance);
      expectTree(state.optimizer, toParams(want.gradient), tolerance);
    });

    const { optimizers = [], steps = 0 } = fixture;
    test.each(
      optimizers.map((o) => [o.name, o] as const),
    )('%s: losses and parameters after its steps', async (name, want) => {
      const optimizer = optimizerOf(name, want.settings);
      const { state, outputs } = await train(fixture, runtime, elbo(), optimizer, 1, steps, want.learningRate);
      expectClose(numbers(outputs.loss!), want.losses, Math.max(tolerance, stepTolerance));
      expectTree(state.params, toParams(want.params), stepTolerance);
    });
  });
});
