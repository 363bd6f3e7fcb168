/** The benchmark's training step in TensorFlow.js on its wasm backend. Protocol: README.md. */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import {
  layerSizes,
  modelOf,
  optionalImport,
  randomBatches,
  serve,
  serveMissing,
  startWeights,
  timed,
  uniform,
} from './protocol.mjs';

const tensorflow = await optionalImport('@tensorflow/tfjs');
const wasm = await optionalImport('@tensorflow/tfjs-backend-wasm');
if (!tensorflow || !wasm) await serveMissing('TensorFlow.js is not installed: npm install --prefix bench/peers');

const tf = tensorflow.default ?? tensorflow;
const backend = wasm.default ?? wasm;
const require = createRequire(import.meta.url);
backend.setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
await tf.setBackend('wasm');
tf.enableProdMode();

let current;

// The wasm kernel is more than ten times slower for a product with a transposed factor, which is what the
// library's own gradient of matMul asks for; here the transposes are made first.
const tunedMatMul = tf.customGrad((a, b, save) => {
  save([a, b]);
  return {
    value: tf.matMul(a, b),
    gradFunc: (g, [a, b]) => [tf.matMul(g, tf.transpose(b)), tf.matMul(tf.transpose(a), g)],
  };
});

function buildLoss(model, matMul, layers, x, batch) {
  const activate = model.activation === 'relu' ? tf.relu : tf.tanh;
  const linear = (h, [weight, bias]) => tf.add(matMul(h, weight), bias);
  const depth = model.hidden.length;
  return () => {
    let h = x;
    for (const layer of layers.slice(0, depth)) h = activate(linear(h, layer));
    const loc = linear(h, layers[depth]);
    const logVariance = linear(h, layers[depth + 1]);
    h = tf.add(loc, tf.mul(tf.randomNormal([batch, model.latent]), tf.exp(tf.mul(logVariance, 0.5))));
    for (const layer of layers.slice(depth + 2, -1)) h = activate(linear(h, layer));
    const logits = linear(h, layers[layers.length - 1]);
    // Stable cross-entropy: max(l, 0) - l x + log(1 + exp(-|l|)).
    const distortion = tf.sum(
      tf.add(tf.sub(tf.relu(logits), tf.mul(logits, x)), tf.log1p(tf.exp(tf.neg(tf.abs(logits))))),
    );
    const spread = tf.sub(tf.sub(tf.add(1, logVariance), tf.square(loc)), tf.exp(logVariance));
    return tf.add(distortion, tf.mul(-0.5, tf.sum(spread)));
  };
}

await serve({
  hello: () => ({
    peer: 'tensorflow.js wasm',
    version: tf.version['tfjs-core'],
    threads: tf.env().getBool('WASM_HAS_MULTITHREAD_SUPPORT') ? backend.getThreadsCount() : 1,
    simd: tf.env().getBool('WASM_HAS_SIMD_SUPPORT'),
    note: 'the wasm backend switches its threads off in Node',
    commands: ['setup', 'round'],
  }),
  setup: async ({ model: name, batch = 128, variant = {} }) => {
    const model = modelOf(name);
    const matMul = variant.gradients === 'tuned' ? tunedMatMul : tf.matMul;
    const start = performance.now();
    tf.disposeVariables();
    for (const x of current?.batches ?? []) x.dispose();
    current?.optimizer.dispose();
    const random = uniform(1);
    const layers = layerSizes(model).map((size) => [
      tf.variable(tf.tensor2d(startWeights(size, random), size)),
      tf.variable(tf.zeros([size[1]])),
    ]);
    const batches = randomBatches(batch, model.pixels).map((data) => tf.tensor2d(data, [batch, model.pixels]));
    const optimizer = tf.train.adam(1e-3);
    const losses = batches.map((x) => buildLoss(model, matMul, layers, x, batch));
    const step = (i) => {
      const loss = optimizer.minimize(losses[i], true);
      const [value] = loss.dataSync();
      loss.dispose();
      return value;
    };
    current = { batches, batch, optimizer, step, position: 0 };
    step(0);
    const firstStepSeconds = (performance.now() - start) / 1e3;
    step(1);
    return { ok: true, gradients: variant.gradients ?? 'shipped', firstStepSeconds };
  },
  round: async ({ steps }) => {
    const { step, position, batches, batch } = current;
    current.position += steps;
    return { ...(await timed(step, steps, position, batches.length, batch)), tensors: tf.memory().numTensors };
  },
});
