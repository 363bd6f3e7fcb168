/**
 * One training step of RealNVP and of MAF beside PyTorch eager: five layers, two hidden layers of 100, 64 dimensions, batch 100,
 * Adam. Rounds are interleaved; medians over rounds.
 *
 *   npm run build && REPARAM_BENCH_PYTHON=python3 node bench/flows.mjs
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { hostTensor, key, normalArray } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  adam,
  batchBuffer,
  chain,
  compileTrainingStep,
  coupling,
  createDataset,
  elbo,
  flowModel,
  maskedAutoregressive,
} from 'reparam';

const [dim, batch, steps, rounds] = [64, 100, 50, 7];
const hidden = [100, 100];
const layer = {
  maf: (i) => maskedAutoregressive({ hidden, order: i % 2 ? 'reversed' : 'natural' }),
  realnvp: (i) => coupling({ hidden, keep: i % 2 ? 'second' : 'first' }),
};

/** A contender of our own: milliseconds a step of one call. */
async function ours(kind) {
  const model = flowModel({ dataShape: [dim], flow: chain(Array.from({ length: 5 }, (_, i) => layer[kind](i))) });
  const data = createDataset({ name: 'normal', data: normalArray(key(1), batch * dim), shape: [dim] });
  const params = model.init(key(0));
  const optimizer = adam();
  let state = { params, optimizer: optimizer.init(params) };
  const { program, scalars } = await compileTrainingStep({
    model,
    objective: elbo(),
    optimizer,
    runtime: await nodeRuntime({ threads: 2 }),
    state,
    batchSize: batch,
    buffer: batchBuffer(data, { steps: 1, batchSize: batch, binarization: 'none' }),
  });
  const x = hostTensor(normalArray(key(2), steps * batch * dim), [steps, batch, dim]);
  const weights = hostTensor(new Float32Array(steps * batch).fill(1 / batch), [steps, batch]);
  const noise = { seed: 0, rows: new Int32Array(steps * batch), draws: new Int32Array(steps * batch) };
  let taken = 0;
  const call = async () => {
    const at = (k) => ({ step: taken + k, stepsPerEpoch: steps, totalSteps: 1e6 });
    const values = [...scalars].map(([name, value]) => [
      name,
      Array.from({ length: steps }, (_, k) => value(1e-3, at(k))),
    ]);
    const started = performance.now();
    ({ state } = await program.run(state, { x, weights }, steps, { noise, scalars: Object.fromEntries(values) }));
    taken += steps;
    return (performance.now() - started) / steps;
  };
  return {
    label: 'reparam (onnxruntime-node, 2 threads)',
    round: async () => {
      await call();
      return call();
    },
    close() {},
  };
}

/** PyTorch in a process of its own; undefined where it is missing. */
async function torch(kind, threads, optimizer) {
  const script = fileURLToPath(new URL('peers/pytorchFlows.py', import.meta.url));
  const python = process.env.REPARAM_BENCH_PYTHON ?? 'python3';
  const child = spawn(python, [script, kind, String(threads), optimizer], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value ?? 'null');
  const hello = await next();
  if (!hello) return undefined;
  const round = async () => {
    child.stdin.write(`${steps}\n`);
    return (await next()).ms;
  };
  return { label: `PyTorch ${hello.version}, ${threads} threads, ${optimizer} Adam`, round, close: () => child.kill() };
}

for (const kind of Object.keys(layer)) {
  const all = [await ours(kind)];
  for (const threads of [1, 2])
    for (const optimizer of ['fused', 'foreach']) all.push(await torch(kind, threads, optimizer));
  const present = all.filter(Boolean);
  const times = present.map(() => []);
  for (let i = 0; i < rounds; i++) {
    for (const [c, contender] of present.entries()) {
      times[c].push(await contender.round());
      // Idle threads spin for a while: let them go to sleep before the next contender.
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  }
  const medians = times.map((ms) => ms.sort((a, b) => a - b)[rounds >> 1]);
  console.log(`${kind}, ${dim} dimensions, batch ${batch}\n  ms a step   ours / theirs`);
  present.forEach(({ label, close }, c) => {
    console.log(
      `  ${medians[c].toFixed(3).padStart(9)}   ${(medians[0] / medians[c]).toFixed(2).padStart(13)}   ${label}`,
    );
    close();
  });
}
process.exit(0);
