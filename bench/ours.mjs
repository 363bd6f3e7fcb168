/** Our side of the benchmark, as a process that speaks the peers' protocol (bench/peers/README.md). */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileStep, hostTensor, key, matmul, normalArray, sizeOf, spec } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { webRuntime } from '@reparam/tensor/web';
import {
  adam,
  compileTrainingStep,
  createDataset,
  fit,
  importanceLogLikelihood,
  labelledFeaturesOf,
  logisticRegression,
  sample,
  take,
} from 'reparam';
import { openDataset } from 'reparam/data/node';
import { writeGradients } from './agreement.mjs';
import { named } from './models.mjs';
import { randomBatches, randomTargets, serve } from './peers/protocol.mjs';

const wasm = process.argv.includes('--wasm');
const runtimeOf = (options = {}) => (wasm ? webRuntime() : nodeRuntime({ threads: 2, ...options }));

const stepsPerCallOf = (name) => (named(name).labels ? 5 : 25);
let trained;

/** A compiled training step with its state and K batches of binary pixels in memory. */
async function prepare(name, batch, runtime) {
  const { model, objective, width, isReal, labels } = named(name);
  const stepsPerCall = stepsPerCallOf(name);
  const Values = isReal ? Float32Array : Uint8Array;
  const params = model.init(key(0));
  const optimizer = adam();
  const targets = labels && {
    data: randomTargets(stepsPerCall * batch, labels.numClasses),
    size: labels.numClasses,
    scale: 1,
  };
  const state = { params, optimizer: optimizer.init(params) };
  const step = await compileTrainingStep({
    model,
    objective,
    optimizer,
    runtime,
    state,
    buffer: { steps: 1, batchSize: batch, width, data: new Values(batch * width), scale: 1, targets },
    ...labels,
  });
  const x = new Values(stepsPerCall * batch * width);
  const pool = isReal ? [normalArray(key(1), x.length)] : randomBatches(batch, width);
  for (let at = 0; at < x.length; at += pool[0].length)
    x.set(pool[(at / pool[0].length) % pool.length].subarray(0, x.length - at), at);
  const weights = new Float32Array(stepsPerCall * batch).fill(1 / batch);
  return { step, state, batch, x, weights, width, targets, stepsPerCall, taken: 0 };
}

/** Runs K steps in one call, noise included; returns milliseconds of the call. */
async function call(run, steps) {
  const { step, batch, width, targets } = run;
  const started = performance.now();
  const at = (k) => ({ step: run.taken + k, stepsPerEpoch: 469, totalSteps: 1e6 });
  const scalars = Object.fromEntries(
    [...step.scalars].map(([name, value]) => [
      name,
      Float64Array.from({ length: steps }, (_, k) => value(1e-3, at(k))),
    ]),
  );
  const rows = Int32Array.from({ length: steps * batch }, (_, i) => (run.taken * batch + i) % 60000);
  const { state, outputs } = await step.program.run(
    run.state,
    {
      x: hostTensor(run.x.subarray(0, steps * batch * width), [steps, batch, width]),
      ...(targets && {
        targets: hostTensor(targets.data.subarray(0, steps * batch * targets.size), [steps, batch, targets.size]),
      }),
      weights: hostTensor(run.weights.subarray(0, steps * batch), [steps, batch]),
    },
    steps,
    { noise: { seed: 0, rows, draws: new Int32Array(steps * batch) }, scalars },
  );
  run.state = state;
  run.taken += steps;
  run.loss = Number(outputs.loss.data[steps - 1]);
  return performance.now() - started;
}

/** Milliseconds of a product of the step's largest shape, and its rate: the ceiling of the step. */
async function gemm() {
  const runtime = await runtimeOf();
  const [m, k] = [128, 784];
  const tensor = (shape, name) =>
    hostTensor(
      normalArray(key(1), sizeOf(shape)).map((z) => z * 0.03),
      shape,
      name,
    );
  const program = await compileStep(
    ({ h }, _batch, _trace, { w }) => ({ state: { h: matmul(h, w) }, outputs: {} }),
    { state: { h: spec([m, k]) }, batch: {}, shared: { w: spec([k, k]) } },
    { runtime },
  );
  const state = { h: tensor([m, k], 'float32') };
  const shared = { w: tensor([k, k], 'float32') };
  const times = [];
  for (let i = 0; i < 12; i++) {
    const started = performance.now();
    await program.run(state, {}, 50, { shared });
    times.push((performance.now() - started) / 50);
  }
  await program.dispose();
  times.sort((a, b) => a - b);
  const ms = times[times.length >> 1];
  return { ms, gflops: (2 * m * k * k) / ms / 1e6 };
}

/** Time of each operator of a step by ONNX Runtime's own profile, in milliseconds. */
async function profile(name, batch) {
  const folder = mkdtempSync(join(tmpdir(), 'reparam-bench-'));
  try {
    const run = await prepare(name, batch, await runtimeOf({ profile: join(folder, 'profile') }));
    for (let i = 0; i < 6; i++) await call(run, run.stepsPerCall);
    await run.step.program.dispose();
    const events = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]), 'utf8'));
    const perOperator = {};
    for (const { cat, name: event, dur, args } of events) {
      if (cat !== 'Node' || !event.endsWith('_kernel_time') || args.op_name === 'Loop') continue;
      perOperator[args.op_name] = (perOperator[args.op_name] ?? 0) + dur / 1000 / (6 * run.stepsPerCall);
    }
    const total = Object.values(perOperator).reduce((a, b) => a + b, 0);
    const products = (perOperator.Gemm ?? 0) + (perOperator.FusedGemm ?? 0) + (perOperator.MatMul ?? 0);
    return { perOperator, share: products / total };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Random binary images as a data set, and a model with the weights it starts from. */
async function untrained(name, images) {
  const { model, width } = named(name);
  const data = Uint8Array.from(randomBatches(images, width)[0]);
  return {
    model,
    params: model.init(key(0)),
    data: createDataset({ name: 'bits', data, shape: [width] }),
    runtime: await runtimeOf(),
  };
}

await serve({
  hello: async () => {
    const { name, version } = await runtimeOf();
    return {
      peer: `reparam ${name}`,
      version,
      commands: ['setup', 'round', 'gradients', 'epoch', 'importance', 'sample', 'logistic', 'gemm', 'profile'],
    };
  },
  setup: async ({ model, batch }) => {
    const started = performance.now();
    await trained?.step.program.dispose();
    trained = await prepare(model, batch, await runtimeOf());
    await call(trained, 1);
    const firstStepSeconds = (performance.now() - started) / 1000;
    for (let i = 0; i < 2; i++) await call(trained, trained.stepsPerCall);
    const { flops, matmulFlops } = trained.step.program.info;
    return { ok: true, firstStepSeconds, flops, matmulFlops };
  },
  round: async ({ steps }) => {
    const ms = [];
    for (let done = 0; done < steps; ) {
      const now = Math.min(trained.stepsPerCall, steps - done);
      ms.push(...new Array(now).fill((await call(trained, now)) / now));
      done += now;
    }
    return { ms, loss: trained.loss };
  },
  gradients: async ({ model, batch, folder }) => writeGradients(model, batch, folder, await runtimeOf()),
  /** One epoch of MNIST through `fit`, binarisation, noise and shuffling included; the first, cold one is not counted. */
  epoch: async ({ model, batch = 128 }) => {
    const data = await openDataset('mnist', { split: 'train' });
    const options = { runtime: await runtimeOf(), epochs: 4, batchSize: batch, binarization: 'dynamic' };
    const seconds = [];
    for await (const epoch of fit(named(model).model, data, options)) seconds.push(epoch.seconds);
    const [, ...warm] = seconds;
    return { seconds: warm.sort((a, b) => a - b)[warm.length >> 1], steps: Math.ceil(data.size / batch) };
  },
  /** Importance-sampled log-likelihood of random images, compiling included. */
  importance: async ({ model: name, images, numSamples }) => {
    const { model, params, data, runtime } = await untrained(name, images);
    const started = performance.now();
    const { logLikelihood } = await importanceLogLikelihood(model, params, data, {
      runtime,
      numSamples,
      seed: 0,
      draw: 0,
    });
    const seconds = (performance.now() - started) / 1000;
    return {
      seconds,
      logLikelihood: logLikelihood.reduce((a, b) => a + b, 0) / images,
      peakMegabytes: process.resourceUsage().maxRSS / 1024,
    };
  },
  /** Samples of an untrained model, compiling included. */
  sample: async ({ model: name, count }) => {
    const { model } = named(name);
    const params = model.init(key(0));
    const options = { runtime: await runtimeOf(), seed: 0 };
    const started = performance.now();
    await sample(model, params, count, options);
    return { seconds: (performance.now() - started) / 1000 };
  },
  /** Logistic regression on rows of MNIST, compiling included; the tolerance falls until the objective is not above `limit`. */
  logistic: async ({ rows, strength, tolerance, maxIterations, limit = Number.POSITIVE_INFINITY }) => {
    const { features, labels } = labelledFeaturesOf(take(await openDataset('mnist', { split: 'train' }), rows));
    const runtime = await runtimeOf();
    for (let own = tolerance; ; own /= 2) {
      const started = performance.now();
      const classifier = logisticRegression({ strength, tolerance: own, maxIterations });
      const { figures } = await classifier.fit(features, labels, { numClasses: 10, runtime });
      const seconds = (performance.now() - started) / 1000;
      const { objective, iterations, evaluations } = figures;
      const isLow = objective <= limit || own < tolerance / 1000;
      if (isLow) return { seconds, objective, iterations, evaluations, tolerance: own };
    }
  },
  gemm,
  profile: ({ model, batch }) => profile(model, batch),
});
