import { flatten, type HostTensor, interpreter, ReparamError, type Runtime } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { webRuntime } from '@reparam/tensor/web';
import {
  adam,
  batchBuffer,
  clipByGlobalNorm,
  compileTrainingStep,
  cosine,
  createDataset,
  type Dataset,
  digits,
  type EpochReport,
  elbo,
  epochOrder,
  evaluate,
  type FitOptions,
  fit,
  gaussianLikelihood,
  iwae,
  type LatentModel,
  linearWarmup,
  meanOf,
  mlp,
  sgd,
  type Training,
  type TrainingState,
  take,
  vae,
} from 'reparam';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectClose, floats, numbers } from '../support.ts';

/** Noise of every kind: draws of z, dropout in both nets, bits drawn anew; a last batch that is not full. */
const model = vae({
  dataShape: [8, 8],
  latentDim: 3,
  encoder: mlp([10], { activation: 'tanh', dropout: 0.2 }),
  decoder: mlp([10], { layerNorm: true, dropout: 0.1 }),
});
const train = take(digits('train'), 100);
const validation = take(digits('test'), 40);
const options = {
  epochs: 3,
  batchSize: 16,
  seed: 11,
  binarization: 'dynamic',
  objective: elbo({ beta: linearWarmup({ from: 0.1, epochs: 1.5 }), numSamples: 2 }),
  optimizer: clipByGlobalNorm(30, adam()),
  learningRate: cosine({ value: 0.01, warmup: 1 }),
  validation,
  earlyStopping: { patience: 5 },
} satisfies Partial<FitOptions>;
const stepsPerEpoch = 7;

/** Every bit of a state, and what its epochs reported apart from times. */
const bitsOf = (state: TrainingState): Record<string, string> =>
  Object.fromEntries(
    flatten<HostTensor>({ params: state.params, optimizer: state.optimizer, best: state.best?.params ?? {} }).map(
      ([path, t]) => [
        path,
        'dtype' in t ? Buffer.from((t.data as Float32Array).slice().buffer).toString('base64') : '',
      ],
    ),
  );
const reported = ({ seconds: _, stepMs: __, ...rest }: EpochReport) => rest;

interface Finished {
  readonly state: TrainingState;
  readonly epochs: ReturnType<typeof reported>[];
}

async function finish(training: Training): Promise<Finished> {
  const epochs: ReturnType<typeof reported>[] = [];
  for await (const epoch of training) epochs.push(reported(epoch));
  return { state: training.state, epochs };
}

const expectSame = (got: Finished, want: Finished) => {
  expect(got.state.step).toBe(want.state.step);
  expect(bitsOf(got.state)).toEqual(bitsOf(want.state));
  expect(got.epochs).toEqual(want.epochs);
};

/** A state as it comes back from a file: nothing of the first run's memory, numbers as JSON keeps them. */
const thawed = (state: TrainingState): TrainingState => structuredClone(state);

describe.each([
  ['onnxruntime-node', () => nodeRuntime({ threads: 1 })],
  ['onnxruntime-web wasm', () => webRuntime({ threads: 1 })],
] as const)('on %s', (_, open) => {
  let runtime: Runtime;
  let whole: Finished;
  beforeAll(async () => {
    runtime = await open();
    whole = await finish(fit(model, train, { ...options, runtime, stepsPerCall: 2 }));
  });

  test('three epochs: steps, reports, learning', () => {
    expect(whole.state.step).toBe(3 * stepsPerEpoch);
    expect(whole.epochs.map((e) => e.epoch)).toEqual([1, 2, 3]);
    expect(whole.epochs.map((e) => e.step)).toEqual([7, 14, 21]);
    // The rate of each epoch's last step: within the warm-up, then down the cosine.
    const rate = (step: number) => cosine({ value: 0.01, warmup: 1 }).at({ step, stepsPerEpoch, totalSteps: 21 });
    expect(whole.epochs.map((e) => e.learningRate)).toEqual([6, 13, 20].map(rate));
    for (const { train: terms, validation: seen } of whole.epochs) {
      expectClose([terms.elbo, seen!.elbo], [-(terms.rate + terms.distortion), -(seen!.rate + seen!.distortion)], 1e-6);
    }
    expect(whole.epochs[2]!.train.elbo).toBeGreaterThan(whole.epochs[0]!.train.elbo + 0.5);
  });

  test.each([
    1, 3, 6, 7, 8, 14, 19,
  ])('stopped after step %i or soon after, then resumed: not a bit differs', async (stop) => {
    const controller = new AbortController();
    const first = fit(model, train, {
      ...options,
      runtime,
      stepsPerCall: 2,
      signal: controller.signal,
      onProgress: ({ step }) => {
        if (step >= stop) controller.abort();
      },
    });
    const epochs: Finished['epochs'] = [];
    const stopped = (async () => {
      for await (const epoch of first) epochs.push(reported(epoch));
    })();
    await expect(stopped).rejects.toMatchObject({
      code: 'interrupted',
      got: expect.stringMatching(/^\d+ steps done$/),
    });
    expect(first.state.step).toBeGreaterThanOrEqual(stop);
    expect(first.state.step).toBeLessThanOrEqual(stop + 1);
    const rest = await finish(fit(model, train, { ...options, runtime, state: thawed(first.state) }));
    expectSame({ state: rest.state, epochs: [...epochs, ...rest.epochs] }, whole);
  });

  test.each([1, 3, 7, 100, undefined])('%o steps a call: the same bits', async (stepsPerCall) => {
    expectSame(await finish(fit(model, train, { ...options, runtime, stepsPerCall })), whole);
  });

  test('another seed gives another run; the same one the same', async () => {
    const other = await finish(fit(model, train, { ...options, runtime, seed: 12 }));
    expect(bitsOf(other.state)).not.toEqual(bitsOf(whole.state));
  });

  test.each([2, 4, 16])('%i micro-batches take the steps of the whole batch', async (microBatches) => {
    const cut = await finish(fit(model, train, { ...options, runtime, microBatches }));
    const far = flatten<HostTensor>(cut.state.params).filter(([, t]) => 'dtype' in t);
    const want = new Map(flatten<HostTensor>(whole.state.params));
    for (const [path, t] of far) expectClose(numbers(t), numbers(want.get(path)!), 2e-5);
    cut.epochs.forEach((epoch, i) => {
      const terms = whole.epochs[i]!.train;
      expectClose(
        Object.keys(terms).map((k) => epoch.train[k]!),
        Object.values(terms),
        1e-5,
      );
    });
  });
});

describe('in float64', () => {
  const gaussian = vae({
    dataShape: [3],
    latentDim: 2,
    encoder: mlp([4], { dropout: 0.25 }),
    decoder: mlp([4], { activation: 'tanh' }),
    likelihood: gaussianLikelihood(),
  });
  const rows = Float32Array.from({ length: 75 }, (_, i) => Math.sin(i * i));
  const small = createDataset({ name: 'waves', data: rows, shape: [3] });
  const base = { runtime: interpreter, epochs: 2, batchSize: 10, seed: 3, learningRate: 0.05 } satisfies FitOptions;
  const leaves = (state: TrainingState) => flatten<HostTensor>(state.params).filter(([, t]) => 'dtype' in t);

  test.each([
    ['elbo', elbo({ kl: 'sampled' })],
    ['iwae', iwae({ numSamples: 3 })],
  ] as const)('%s: micro-batches are the whole batch, noise and all', async (_, objective) => {
    const whole = await finish(fit(gaussian, small, { ...base, objective, optimizer: sgd() }));
    for (const microBatches of [2, 5, 10]) {
      const cut = await finish(fit(gaussian, small, { ...base, objective, optimizer: sgd(), microBatches }));
      const want = new Map(leaves(whole.state));
      for (const [path, t] of leaves(cut.state)) expectClose(numbers(t), numbers(want.get(path)!), 1e-7);
    }
  });

  test('25 examples in batches of 10: steps on 10, 10 and 5 rows, with noise and order of each epoch', async () => {
    const padded = fit(gaussian, small, { ...base, optimizer: sgd() });
    const start = padded.state;
    const { epochs } = await finish(padded);
    let state = { params: start.params, optimizer: start.optimizer };
    const losses = [0, 0];
    const batches = [0, 1].flatMap((epoch) => {
      const order = epochOrder(25, base.seed, epoch);
      return [order.subarray(0, 10), order.subarray(10, 20), order.subarray(20)].map((batch) => ({ epoch, batch }));
    });
    for (const { epoch, batch } of batches) {
      const size = batch.length;
      const step = await compileTrainingStep({
        model: gaussian,
        objective: elbo(),
        optimizer: sgd(),
        runtime: interpreter,
        state,
        buffer: batchBuffer(small, { steps: 1, batchSize: size }),
      });
      const x = Array.from(batch, (row) => Array.from(rows.subarray(3 * row, 3 * row + 3))).flat();
      const result = await step.program.run(
        state,
        { x: floats(x, [1, size, 3]), weights: floats(new Array(size).fill(1 / size), [1, size]) },
        1,
        {
          noise: { seed: base.seed, rows: batch.slice(), draws: new Int32Array(size).fill(epoch) },
          scalars: { learningRate: [0.05] },
        },
      );
      state = result.state as typeof state;
      losses[epoch]! += (numbers(result.outputs.loss!)[0]! * size) / 25;
    }
    // Weights 1/n enter as float32.
    const want = new Map(flatten<HostTensor>(state.params));
    for (const [path, t] of leaves(padded.state)) expectClose(numbers(t), numbers(want.get(path)!), 1e-7);
    expectClose(
      epochs.map((e) => e.train.loss),
      losses,
      1e-7,
    );
  });

  test('starts at the mean of the data', () => {
    const mean = meanOf(small);
    expectClose(
      [...mean],
      [0, 1, 2].map((j) => rows.reduce((t, v, i) => t + (i % 3 === j ? v / 25 : 0), 0)),
      1e-12,
    );
    const { output } = fit(gaussian, small, base).state.params as { output: { bias: HostTensor } };
    expectClose(numbers(output.bias), [...mean], 1e-7);
  });

  test('validation figures are those of an evaluation', async () => {
    const training = fit(gaussian, small, { ...base, epochs: 1, validation: take(small, 9) });
    const { epochs } = await finish(training);
    const seen = epochs[0]!.validation!;
    const { rate, distortion } = await evaluate(gaussian, training.params, take(small, 9), {
      runtime: interpreter,
      numSamples: 0,
    });
    expect(seen.rate).toBeCloseTo(rate.value, 6);
    // One draw of z for each of nine rows on both sides.
    expect(Math.abs(seen.distortion - distortion.value)).toBeLessThan(6 * distortion.standardError);
    expect(seen.elbo).toBeCloseTo(-seen.rate - seen.distortion, 6);
  });
});

describe('early stopping', () => {
  /** No gain is ever enough: the first epoch that counts is the best, and patience runs out after it. */
  const never = { patience: 2, minDelta: 1e9 };
  const run = async (warmup: number, epochs = 10) => {
    const training = fit(model, train, {
      runtime: await nodeRuntime(),
      epochs,
      batchSize: 50,
      objective: elbo({ beta: linearWarmup({ epochs: warmup }) }),
      binarization: 'threshold',
      validation,
      earlyStopping: never,
    });
    return { training, ...(await finish(training)) };
  };

  test.each([
    [1, 3],
    [3, 5],
    [2.5, 5],
  ])('waits for a warm-up of %d epochs: stops after epoch %i', async (warmup, last) => {
    const { training, epochs, state } = await run(warmup);
    expect(epochs.length).toBe(last);
    expect(epochs.map((e) => e.isBest)).toEqual(epochs.map((e) => e.epoch === last - 2));
    expect(state.best!.epoch).toBe(last - 2);
    expect(state.best!.elbo).toBe(epochs[last - 3]!.validation!.elbo);
    expect(training.params).toBe(state.best!.params);
    expect(bitsOf({ ...state, params: state.best!.params })).not.toEqual(bitsOf(state));
  });

  test('a warm-up longer than the run: no best, the latest parameters', async () => {
    const { training, epochs, state } = await run(20, 4);
    expect(epochs.length).toBe(4);
    expect(state.best).toBeUndefined();
    expect(training.params).toBe(state.params);
  });

  test('gains count: training goes on while the figure rises', async () => {
    const training = fit(model, train, {
      runtime: await nodeRuntime(),
      epochs: 6,
      batchSize: 50,
      validation,
      binarization: 'threshold',
      earlyStopping: { patience: 1 },
      learningRate: 0.003,
    });
    const { epochs, state } = await finish(training);
    const figures = epochs.map((e) => e.validation!.elbo);
    const rising = figures.findIndex((v, i) => i > 0 && v < figures[i - 1]!);
    expect(epochs.length).toBe(rising < 0 ? 6 : rising + 1);
    expect(epochs.length).toBeGreaterThan(2);
    expect(state.best!.elbo).toBe(Math.max(...figures));
  });
});

describe('faults', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await nodeRuntime();
  });
  const failure = async (training: Training): Promise<ReparamError> => {
    const error = await finish(training).then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ReparamError);
    return error as ReparamError;
  };
  const areFinite = (state: TrainingState) =>
    flatten<HostTensor>({ params: state.params, optimizer: state.optimizer })
      .flatMap(([, t]) => ('dtype' in t ? numbers(t) : []))
      .every(Number.isFinite);

  test('divergence: term, step and parameter are named, the last good state is kept', async () => {
    const training = fit(model, train, { ...options, runtime, optimizer: sgd(), learningRate: 1e4, stepsPerCall: 2 });
    const error = await failure(training);
    expect(error.code).toBe('diverged');
    expect(error.message).toMatch(/^training diverged at step \d+: /);
    const step = Number(/step (\d+)/.exec(error.message)![1]);
    expect(step).toBeGreaterThan(training.state.step);
    expect(step).toBeLessThanOrEqual(training.state.step + 2);
    expect(areFinite(training.state)).toBe(true);
  });

  test('a finite loss whose step leads to infinity: the state before it is kept', async () => {
    const flat = vae({ dataShape: [8, 8], latentDim: 2, encoder: mlp([]), decoder: mlp([]) });
    const training = fit(flat, train, { runtime, epochs: 1, batchSize: 100, optimizer: sgd(), learningRate: 1e39 });
    const start = bitsOf(training.state);
    const error = await failure(training);
    expect(error.code).toBe('diverged');
    expect(error.message).toMatch(/^training diverged at step 1: (posterior|output)\.(weight|bias) is not finite/);
    expect(training.state.step).toBe(0);
    expect(bitsOf(training.state)).toEqual(start);
  });

  test('data that is not finite cannot come in, but its loss would be named', async () => {
    const bad = {
      ...train,
      dtype: 'float32' as const,
      data: new Float32Array(train.data.length).fill(Number.NaN),
      scale: 1,
    };
    const gaussian = vae({
      dataShape: [8, 8],
      latentDim: 2,
      encoder: mlp([]),
      decoder: mlp([]),
      likelihood: gaussianLikelihood(),
    });
    const error = await failure(
      fit(gaussian, bad, { runtime, epochs: 1, state: fit(gaussian, train, { runtime, epochs: 1 }).state }),
    );
    expect(error.message).toContain('training diverged at step 1: loss is NaN');
    expect(error.got).toMatch(/^first non-finite parameter \w+/);
  });

  test('aborted before it began', async () => {
    const training = fit(model, train, { ...options, runtime, signal: AbortSignal.abort() });
    const error = await failure(training);
    expect(error).toMatchObject({ code: 'interrupted', got: '0 steps done' });
  });

  test('a state of another model, or of another optimiser', () => {
    const other = fit(vae({ dataShape: [8, 8], latentDim: 4, encoder: mlp([]), decoder: mlp([]) }), train, {
      runtime,
      epochs: 1,
    });
    const own = fit(model, train, { ...options, runtime });
    for (const [state, at] of [
      [other.state, 'params.encoder.0.weight'],
      [{ ...own.state, optimizer: {} }, 'optimizer.firstMoment.small'],
      [{ ...own.state, optimizer: { ...own.state.optimizer, more: floats([1]) } }, 'optimizer.more'],
    ] as const) {
      expect(() => fit(model, train, { ...options, runtime, state })).toThrow(
        expect.objectContaining({
          code: 'data',
          at,
          message: expect.stringContaining('not of this model and optimiser'),
        }),
      );
    }
  });

  test('micro-batches: a divisor of the batch, and an objective that is a sum over examples', async () => {
    expect((await failure(fit(model, train, { ...options, runtime, microBatches: 3 }))).message).toContain(
      'micro-batches must divide the batch: got 3 for a batch of 16, expected a divisor of 16',
    );
    const objective = elbo({ freeBits: 0.1 });
    expect((await failure(fit(model, train, { ...options, runtime, objective, microBatches: 2 }))).message).toContain(
      'batches cannot be cut into micro-batches here: got 2 micro-batches',
    );
  });

  const wide = createDataset({ name: 'wide', data: new Uint8Array(20), shape: [10] });
  const beyond = createDataset({ name: 'beyond', data: new Float32Array(64).fill(-1), shape: [8, 8] });
  const rows: readonly (readonly [string, Partial<FitOptions>, Dataset, string, string])[] = [
    [
      'data of another size',
      {},
      wide,
      'data',
      'examples are not of the size the model was made for (wide): got [10], expected [8, 8]',
    ],
    ['validation data of another size', { validation: wide }, train, 'data', '(wide): got [10], expected [8, 8]'],
    [
      'values no Bernoulli has',
      {},
      beyond,
      'data',
      'a Bernoulli likelihood needs values in [0, 1] (beyond): got values from -1 to -1',
    ],
    ['values that cannot be binarised', { binarization: 'dynamic' }, beyond, 'data', 'got values from -1 to -1'],
    ['no batch', { batchSize: 0 }, train, 'config', 'batchSize: got 0, expected a positive whole number'],
    ['half a batch', { batchSize: 2.5 }, train, 'config', 'batchSize: got 2.5'],
    ['no epochs', { epochs: 0 }, train, 'config', 'epochs: got 0, expected a positive whole number'],
    ['no steps a call', { stepsPerCall: 0 }, train, 'config', 'stepsPerCall: got 0'],
    [
      'a negative learning rate',
      { learningRate: -1 },
      train,
      'config',
      'learningRate: got -1, expected a number, 0 or more, or a schedule',
    ],
    ['no learning rate', { learningRate: Number.NaN }, train, 'config', 'learningRate: got NaN'],
    ['a negative seed', { seed: -1 }, train, 'config', 'seed is out of range: got -1'],
    ['no patience', { validation, earlyStopping: { patience: 0 } }, train, 'config', 'patience: got 0'],
    [
      'early stopping without validation',
      { earlyStopping: { patience: 1 } },
      train,
      'config',
      'early stopping needs validation data: got no validation set',
    ],
  ];
  test.each(rows)('%s', async (_, bad, data, code, message) => {
    const start = async () => finish(fit(model as LatentModel, data, { epochs: 1, runtime, ...bad }));
    const error = (await start().then(
      () => undefined,
      (e: unknown) => e,
    )) as ReparamError;
    expect(error).toBeInstanceOf(ReparamError);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });
});
