import {
  add,
  compile,
  constant,
  exp,
  grad,
  type HostTensor,
  interpreter,
  log,
  mapTree,
  mul,
  reshape,
  slice,
  specsOf,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  type Trace,
} from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  balancedLabels,
  buildRecipe,
  type Context,
  convDecoder,
  convEncoder,
  createDataset,
  cvae,
  type Dataset,
  digits,
  type EpochReport,
  evaluate,
  findPreset,
  fit,
  gaussianLikelihood,
  type HostParams,
  type Independent,
  type LatentModel,
  m2,
  m2Objective,
  mlp,
  type Normal,
  noiseContext,
  pointwise,
  poissonLikelihood,
  type SymbolicParams,
  sequential,
  take,
  traceContext,
  transposedConvOutput,
  withLabelCondition,
  withLabelTargets,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { atNoise, finiteDifference, type Situation } from '../objectives/atNoise.ts';
import { movedParams } from '../objectives/movedParams.ts';
import { compute, expectClose, floats, numbers } from '../support.ts';

const net = () => mlp([4], { activation: 'tanh' });
const [numClasses, latentDim, rows, numLabelled] = [3, 2, 4, 2];
const classPrior = [0.2, 0.5, 0.3];
const kinds = { latentDim, numClasses, classPrior };
const conv = { channels: [2], kernel: 2, padding: 0, activation: 'tanh' } as const;

const models: Readonly<Record<string, LatentModel>> = {
  perceptrons: m2({ ...kinds, dataShape: [4], encoder: net(), decoder: net(), classifier: net() }),
  convolutions: m2({
    ...kinds,
    dataShape: [2, 2],
    encoder: convEncoder([2, 2], conv),
    encoderCondition: 'output',
    decoder: convDecoder([2, 2], conv),
    outputLayer: transposedConvOutput(conv),
    classifier: convEncoder([2, 2], conv),
    likelihood: gaussianLikelihood(),
  }),
  'an encoder that does not begin with a layer': m2({
    ...kinds,
    dataShape: [4],
    encoder: sequential([pointwise('square', square), net()]),
    decoder: sequential([]),
    classifier: net(),
    likelihood: poissonLikelihood(),
  }),
};
const model = models.perceptrons!;
const x = floats([1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 0], [rows, 4]);
const targets = floats([0, 1, 0, 1, 0, 0], [numLabelled, numClasses]);
const weights = [0.1, 0.1, 0.4, 0.4];

const noiseOf = (shape: readonly number[]) =>
  floats(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(3 * i + 1)),
    shape,
  );

interface Symbols {
  params: SymbolicParams;
  x: Tensor;
  noise: Tensor;
}

/**
 * J^α one example, one class and one draw at a time: −log p(x, y, z) + log q(z given x, y), the KL by its formula, from calls
 * of the model on single rows with the condition beside them.
 */
function byHand(
  own: LatentModel,
  alpha: number,
  labels: readonly (number | undefined)[],
  w: readonly number[],
  { beta = 1, classGradient = 1 } = {},
) {
  return ({ params, x: all, noise }: Symbols) => {
    const draws = noise.rank === 4 ? (noise.shape[0] as number) : 1;
    const at = (t: Tensor, ...index: number[]) =>
      index.reduce((part, i) => reshape(slice(part, 0, i, i + 1), part.shape.slice(1)), t);
    const row = (i: number) => slice(all, 0, i, i + 1);
    /** Of the same value; a share of its gradient. */
    const reached = (t: Tensor) => add(mul(t, classGradient), mul(stopGradient(t), 1 - classGradient));
    const logQ = (i: number, k: number) => at(own.labels!.logits(params, row(i), plain()), 0, k);
    /** −log p(x, y) as bounded by draws, for row i as class k; a labelled row uses those of the first class. */
    const cost = (i: number, k: number, draw = k): Tensor => {
      const condition = floats(
        Array.from({ length: numClasses }, (_, j) => (j === k ? 1 : 0)),
        [1, numClasses],
      );
      const context = plain(condition);
      const q = (own.encode(params, row(i), context) as unknown as Independent).base as Normal;
      const variance = square(q.scale);
      const kl = mul(sum(sub(add(square(q.loc), variance), add(log(variance), 1))), 0.5);
      let total = mul(kl, beta);
      for (let s = 0; s < draws; s++) {
        const epsilon = noise.rank === 4 ? at(noise, s, draw, i) : at(noise, draw, i);
        const z = add(q.loc, mul(q.scale, epsilon));
        total = sub(total, mul(sum(own.decode(params, z, context).logProb(row(i))), 1 / draws));
      }
      return sub(total, Math.log(classPrior[k]!));
    };
    const classes = Array.from({ length: numClasses }, (_, k) => k);
    const labelledWeight = w.reduce((total, each, i) => total + (labels[i] === undefined ? 0 : each), 0);
    const losses = labels.map((label, i) => {
      if (label === undefined) {
        const each = classes.map((k) => {
          const own = reached(logQ(i, k));
          return mul(exp(own), add(cost(i, k), own));
        });
        return mul(each.reduce(add), w[i]!);
      }
      return sub(mul(cost(i, label, 0), w[i]!), mul(logQ(i, label), (alpha * w[i]!) / labelledWeight));
    });
    return losses.reduce(add);
  };
}

/** Outside a trace of noise: nothing may be drawn. */
const plain = (condition?: HostTensor): Context =>
  noiseContext(
    () => {
      throw new Error('noise');
    },
    { training: true, ...(condition && { condition: constant(condition) }) },
  );

/** Value and gradient of an expression of parameters and noise, in float64. */
async function differentiated(fn: (symbols: Symbols) => Tensor, inputs: Record<string, unknown>) {
  const program = await compile(
    ((symbols: Symbols) => {
      const loss = fn(symbols);
      return { loss, gradient: grad(loss, symbols.params) };
    }) as never,
    specsOf(inputs) as never,
    { runtime: interpreter },
  );
  const { loss, gradient } = (await program.run(inputs as never)) as { loss: HostTensor; gradient: HostParams };
  await program.dispose();
  const flat: Record<string, number[]> = {};
  mapTree<HostParams, HostTensor, void>(gradient, (t, path) => {
    flat[path.replaceAll('.', '/')] = numbers(t);
  });
  return { loss: numbers(loss)[0]!, gradient: flat };
}

describe.each(Object.entries(models))('the objective with %s', (_, own) => {
  const params = movedParams(own);
  const check = async (
    numSamples: number,
    situation: Partial<Situation>,
    labels: readonly (number | undefined)[],
    weighted: { beta?: number; classGradient?: number } = {},
  ) => {
    const drawn = [...(numSamples === 1 ? [] : [numSamples]), numClasses, rows, latentDim];
    const noise = noiseOf(drawn);
    const isAll = labels.every((label) => label !== undefined);
    const given = isAll ? noiseOf([rows, latentDim]) : noise;
    const w = situation.weights ?? weights;
    const got = await atNoise(m2Objective({ alpha: 0.3, numSamples, ...weighted }), {
      model: own,
      params,
      x,
      targets,
      weights: w,
      noise: { z: given },
      ...situation,
    });
    // With labels for all, a row has one draw, whichever its class.
    const repeated = isAll
      ? floats(Array.from({ length: numClasses }, () => numbers(given)).flat(), [numClasses, rows, latentDim])
      : noise;
    const want = await differentiated(byHand(own, 0.3, labels, w, weighted), { params, x, noise: repeated });
    expectClose([got.loss], [want.loss], 1e-11);
    for (const [path, values] of Object.entries(want.gradient)) expectClose(got.gradient[path]!, values, 1e-10);
    return got;
  };

  test('weighs the rate of z, and the share of the gradient that reaches q(y|x)', async () => {
    const { terms, loss } = await check(1, {}, [1, 0, undefined, undefined], { beta: 3, classGradient: 0.25 });
    const plain = await check(1, {}, [1, 0, undefined, undefined], {});
    expect(terms.elbo).toBe(plain.terms.elbo);
    expect(loss).toBeGreaterThan(plain.loss);
  });

  test.each([1, 3])('is the sum over classes, with its gradient, for %i draws of z', async (numSamples) => {
    const { terms } = await check(numSamples, {}, [1, 0, undefined, undefined]);
    expectClose([terms.elbo!], [0.2 * terms.labelledBound! + 0.8 * terms.unlabelledBound!], 1e-12);
    expectClose([terms.elbo!], [-terms.rate! - terms.distortion!], 1e-12);
  });

  test('with a share of its own for the labelled rows weighs the two bounds by it', async () => {
    const noise = { z: noiseOf([numClasses, rows, latentDim]) };
    const given = { model: own, params, x, targets, weights, noise };
    const { loss, terms } = await atNoise(m2Objective({ alpha: 0, labelledShare: 0.4 }), given);
    expectClose([loss], [-0.4 * terms.labelledBound! - 0.6 * terms.unlabelledBound!], 1e-12);
    expectClose([terms.elbo!], [0.2 * terms.labelledBound! + 0.8 * terms.unlabelledBound!], 1e-12);
  });

  test('with a label for every row has no part that sums', async () => {
    const all = floats([0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0], [rows, numClasses]);
    const { terms } = await check(1, { targets: all, weights: [0.25, 0.25, 0.25, 0.25] }, [1, 0, 2, 0]);
    expect(Object.keys(terms)).not.toContain('unlabelledBound');
  });
});

describe('gradients', () => {
  const situation = {
    model,
    params: movedParams(model),
    x,
    targets,
    weights,
    noise: { z: noiseOf([numClasses, rows, latentDim]) },
  };

  test.each([
    'encoder/0/bias',
    'classifier/1/bias',
    'decoder/0/bias',
    'posterior/bias',
  ])('are finite differences for %s', async (path) => {
    const objective = m2Objective({ alpha: 0.7 });
    const { gradient } = await atNoise(objective, situation);
    const loss = async (moved: Situation) => (await atNoise(objective, moved)).loss;
    expectClose(gradient[path]!, await finiteDifference(situation, path, loss), 1e-8);
  });

  test('labels alone teach q(y|x) by α and by nothing else', async () => {
    const all = floats([0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0], [rows, numClasses]);
    const labelled = { ...situation, targets: all, noise: { z: noiseOf([rows, latentDim]) } };
    const size = async (alpha: number) => {
      const { gradient } = await atNoise(m2Objective({ alpha }), labelled);
      return Object.entries(gradient)
        .filter(([path]) => path.startsWith('classifier'))
        .flatMap(([, values]) => values)
        .reduce((total, g) => total + g * g, 0);
    };
    expect(await size(0)).toBe(0);
    expect(await size(1)).toBeGreaterThan(1e-3);
    expectClose([await size(0.5)], [0.25 * (await size(1))], 1e-12);
  });
});

test('batches of every mix give the objective of the whole set on average', async () => {
  const params = movedParams(model);
  const noise = noiseOf([numClasses, rows, latentDim]);
  const objective = m2Objective();
  const pick = (t: HostTensor, axis: number, indices: readonly number[]) => {
    const [outer, inner] = [t.shape.slice(0, axis), t.shape.slice(axis + 1)].map((s) =>
      s.reduce((a, b) => a * b, 1),
    ) as [number, number];
    const values: number[] = [];
    for (let o = 0; o < outer; o++)
      for (const i of indices)
        for (let n = 0; n < inner; n++) values.push(Number(t.data[(o * t.shape[axis]! + i) * inner + n]));
    return floats(values, t.shape.toSpliced(axis, 1, indices.length));
  };
  const lossOf = async (known: readonly number[], others: readonly number[]) => {
    const at = [...known, ...others];
    const share = numLabelled / rows;
    const { loss } = await atNoise(objective, {
      model,
      params,
      x: pick(x, 0, at),
      targets: pick(targets, 0, known),
      noise: { z: pick(noise, 1, at) },
      weights: [...known.map(() => share / known.length), ...others.map(() => (1 - share) / others.length)],
    });
    return loss;
  };
  const whole = await lossOf([0, 1], [2, 3]);
  const average = (losses: readonly number[]) => losses.reduce((a, b) => a + b) / losses.length;
  const ones = [await lossOf([0], [2]), await lossOf([0], [3]), await lossOf([1], [2]), await lossOf([1], [3])];
  expectClose([average(ones)], [whole], 1e-12);
  expectClose([average([await lossOf([0], [2, 3]), await lossOf([1], [2, 3])])], [whole], 1e-12);
});

describe('without labels', () => {
  const linear = m2({
    dataShape: [3],
    latentDim: 1,
    numClasses: 2,
    classPrior: [0.3, 0.7],
    encoder: sequential([]),
    decoder: sequential([]),
    classifier: sequential([]),
    likelihood: gaussianLikelihood(),
  });
  const params = movedParams(linear, 0.25);
  const example = [0.4, -0.8, 0.3];
  const copies = 500;
  const dataset = createDataset({
    name: 'copies',
    data: Float32Array.from({ length: 3 * copies }, (_, i) => example[i % 3]!),
    shape: [3],
    labels: new Int32Array(copies).fill(1),
  });

  /** log p(x), log p(x given y = 1), and the exact bounds on both, by sums over 4000 places of z. */
  async function integrals() {
    const places = 4000;
    const width = 24 / places;
    const z = floats(
      Array.from({ length: places }, (_, i) => -12 + (i + 0.5) * width),
      [places, 1],
    );
    const fill = (row: readonly number[]) =>
      floats(
        Array.from({ length: places * row.length }, (_, i) => row[i % row.length]!),
        [places, row.length],
      );
    const values = Float32Array.from(example);
    const all = { evidence: 0, bound: 0, of: [] as { evidence: number; bound: number }[] };
    for (const [k, prior] of [0.3, 0.7].entries()) {
      const inputs = { params, z, x: fill([...values]), condition: fill(k === 0 ? [1, 0] : [0, 1]) };
      const { joint, q, logClass } = await compute(
        inputs,
        (s: { params: SymbolicParams; z: Tensor; x: Tensor; condition: Tensor }, trace: Trace) => {
          const context = traceContext(trace, false, { condition: s.condition });
          return {
            joint: add(
              linear.decode(s.params, s.z, context).logProb(s.x),
              linear.prior(s.params, context).logProb(s.z),
            ),
            q: linear.encode(s.params, s.x, context).logProb(s.z),
            logClass: reshape(slice(linear.labels!.logits(s.params, s.x, context), 1, k, k + 1), [places]),
          };
        },
      );
      const evidence = joint.reduce((total, each) => total + Math.exp(each) * width, 0);
      const bound = joint.reduce((total, each, i) => total + Math.exp(q[i]!) * width * (each - q[i]!), 0);
      all.of.push({ evidence: Math.log(evidence), bound });
      all.evidence += prior * evidence;
      all.bound += Math.exp(logClass[0]!) * (bound + Math.log(prior) - logClass[0]!);
    }
    return { ...all, evidence: Math.log(all.evidence) };
  }

  test('the bound and log p(x) are those of quadrature, and given the class too', async () => {
    const exact = await integrals();
    expect(exact.bound).toBeLessThan(exact.evidence - 0.05);
    const runtime = await nodeRuntime({ threads: 1 });
    const figures = await evaluate(linear, params32(params), withLabelCondition(dataset, 2), {
      runtime,
      numSamples: 400,
      seed: 3,
    });
    const near = ({ value, standardError }: { value: number; standardError: number }, want: number, bias = 0) =>
      expect(Math.abs(value - want), `${value} ± ${standardError}, exact ${want}`).toBeLessThan(
        4 * standardError + bias,
      );
    near(figures.elbo, exact.bound);
    // The logarithm of an average of few weights is a little too small.
    near(figures.logLikelihood!, exact.evidence, 0.02);
    expect(figures.logLikelihood!.value).toBeGreaterThan(figures.elbo.value);
    near(figures.figures!.elboGivenClass!, exact.of[1]!.bound);
    near(figures.figures!.logLikelihoodGivenClass!, exact.of[1]!.evidence, 0.02);
    expectClose([figures.elbo.value], [-figures.rate.value - figures.distortion.value], 1e-5);
    const unlabelled = await evaluate(linear, params32(params), dataset, { runtime, numSamples: 400, seed: 3 });
    expect(unlabelled).toEqual({ ...figures, figures: { classRate: figures.figures!.classRate } });
  });
});

const params32 = (params: HostParams) =>
  mapTree<HostParams, HostTensor, HostTensor>(params, ({ data, shape }) => ({
    dtype: 'float32',
    shape,
    data: Float32Array.from(data as Float64Array),
  })) as HostParams;

test('a hundred labels of digits and many without teach more than chance', async () => {
  const runtime = await nodeRuntime({ threads: 1 });
  const own = m2({
    dataShape: [8, 8],
    latentDim: 10,
    numClasses: 10,
    encoder: mlp([64]),
    decoder: mlp([64]),
    classifier: mlp([64]),
  });
  const data = withLabelTargets(balancedLabels(digits('train'), 100), 10);
  const seen = digits('test');
  const training = fit(own, data, {
    runtime,
    // With their classes beside them, as a conditional model would be given them.
    validation: withLabelCondition(seen, 10),
    objective: m2Objective({ alpha: 1 }),
    binarization: 'dynamic',
    epochs: 12,
    batchSize: 100,
    labelledBatchSize: 50,
    learningRate: 0.003,
  });
  let last: EpochReport | undefined;
  for await (const report of training) last = report;
  expect(last!.train.accuracy).toBeGreaterThan(0.9);
  // Validation figures are of examples without their class.
  const { elbo, rate } = await evaluate(own, training.params, seen, {
    runtime,
    binarization: 'dynamic',
    numSamples: 0,
  });
  expect(Math.abs(last!.validation!.elbo - elbo.value)).toBeLessThan(3 * elbo.standardError);
  expect(Math.abs(last!.validation!.rate - rate!.value)).toBeLessThan(3 * rate!.standardError);
  const test = {
    x: { dtype: 'float32', shape: [seen.size, 64], data: Float32Array.from(seen.data, (v) => v * seen.scale) },
  };
  const { logits } = await compute(
    { params: training.params, ...test },
    (s: { params: SymbolicParams; x: Tensor }, trace: Trace) => ({
      logits: own.labels!.logits(s.params, s.x, traceContext(trace, false)),
    }),
    { runtime },
  );
  const right = Array.from(seen.labels!).filter((label, i) => {
    const own = logits.slice(10 * i, 10 * i + 10);
    return own.indexOf(Math.max(...own)) === label;
  });
  expect(right.length / seen.size).toBeGreaterThan(0.75);
  // Of bits in the one case, of grey values in the other.
  expect(Math.abs(last!.validation!.accuracy! - right.length / seen.size)).toBeLessThan(0.1);
}, 60_000);

describe('refusals', () => {
  test.each([[[0.5, 0.5]], [[0.5, 0.5, 0.5]], [[0, 0.5, 0.5]]])('prior %j', (classPrior) => {
    expect(() =>
      m2({ ...kinds, classPrior, dataShape: [4], encoder: net(), decoder: net(), classifier: net() }),
    ).toThrow(/prior of the classes/);
  });

  test('a model without classes, a batch without labels', async () => {
    const given = { dataShape: [4], latentDim, conditionSize: numClasses, encoder: net(), decoder: net() };
    const other = cvae(given);
    const situation = { params: movedParams(model), x, noise: {} };
    await expect(atNoise(m2Objective(), { ...situation, model: other, targets })).rejects.toThrow(
      /the class is a variable/,
    );
    await expect(atNoise(m2Objective(), { ...situation, model })).rejects.toThrow(/needs labels/);
    expect(() => m2Objective({ alpha: -1 })).toThrow(/alpha/);
  });
});

describe('the preset takes any network and likelihood', () => {
  test.each([
    [{ network: { kind: 'conv', channels: [4, 8], norm: 'batch' }, hidden: [] }, { kind: 'bernoulli' }],
    [{ hidden: [16] }, { kind: 'gaussian', scale: 'per-dimension' }],
    [{ hidden: [16], dropout: 0.2, layerNorm: true }, { kind: 'discretized-logistic' }],
  ] as const)('%j, %j', async (parts, likelihood) => {
    const { recipe } = findPreset('m2');
    const whole = take(digits(), 120);
    const some = likelihood.kind === 'discretized-logistic' ? bytes(whole) : whole;
    const data = { ...some, labels: whole.labels!.map((label, i) => (i % 3 ? -1 : label)) };
    const built = buildRecipe(
      {
        ...recipe,
        model: { ...recipe.model, ...parts, likelihood, latentDim: 4, condition: { ...classes, prior: 'frequencies' } },
        optimizer: { kind: 'adam', learningRate: 0.01 },
        training: { ...recipe.training, epochs: 6, batchSize: 40, labelledBatchSize: 15 },
      },
      data,
    );
    const probs = built.condition.kind === 'labels' && built.condition.prior;
    const counts = Array.from({ length: 10 }, (_, k) => data.labels.filter((label) => label === k).length);
    expect(probs).toEqual(counts.map((count) => count / 40));
    const runtime = await nodeRuntime({ threads: 1 });
    const elbos: number[] = [];
    for await (const { train } of fit(built.model, built.data, { ...built.fitOptions, runtime }))
      elbos.push(train.elbo);
    expect(elbos.at(-1)).toBeGreaterThan(elbos[0]!);
  });
});

const classes = { kind: 'labels', inferred: true } as const;

/** Grey values of 16 levels as bytes. */
const bytes = (dataset: Dataset): Dataset => ({
  ...dataset,
  data: Uint8Array.from(dataset.data, (v) => Math.round((v * 255) / 16)),
  scale: 1 / 255,
  range: { min: 0, max: 255 },
});
