/** The benchmark's training step in jax-js on its wasm backend. Protocol: README.md. */
import { readFileSync } from 'node:fs';
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

const jax = await optionalImport('@jax-js/jax');
if (!jax) await serveMissing('jax-js is not installed: npm install --prefix bench/peers');

const { numpy: np, nn, random, tree, jit, valueAndGrad } = jax;
await jax.init('wasm');
jax.defaultDevice('wasm');

const version = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.resolve('@jax-js/jax')), 'utf8'),
).version;
const adam = { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

// Every use of an array but its last takes a reference (`.ref`): a function owns what it is given.

/** The summed negative ELBO of a batch; `layers` are [weight, bias] in the order of layerSizes. */
function lossOf({ hidden, activation }) {
  const activate = activation === 'relu' ? nn.relu : np.tanh;
  const linear = (h, [weight, bias]) => np.matmul(h, weight).add(bias);
  const depth = hidden.length;
  return (layers, x, noise) => {
    let h = x.ref;
    for (const layer of layers.slice(0, depth)) h = activate(linear(h, layer));
    const loc = linear(h.ref, layers[depth]);
    const logVariance = linear(h, layers[depth + 1]);
    h = loc.ref.add(noise.mul(np.exp(logVariance.ref.mul(0.5))));
    for (const layer of layers.slice(depth + 2, -1)) h = activate(linear(h, layer));
    const logits = linear(h, layers[layers.length - 1]);
    // Stable cross-entropy: max(l, 0) - l x + log(1 + exp(-|l|)).
    const tail = np.log(np.exp(np.abs(logits.ref).neg()).add(1));
    const distortion = np.sum(nn.relu(logits.ref).sub(logits.mul(x)).add(tail));
    const spread = logVariance.ref.add(1).sub(np.square(loc)).sub(np.exp(logVariance));
    return distortion.add(np.sum(spread).mul(-0.5));
  };
}

/** One Adam step; jax-js's own optimiser package is not published. `scale` holds the two bias corrections. */
function adamUpdate(layers, m, v, gradient, scale) {
  const [c1, c2] = np.split(scale, 2);
  const newM = tree.map((m, g) => m.mul(adam.beta1).add(g.mul(1 - adam.beta1)), m, tree.ref(gradient));
  const newV = tree.map((v, g) => v.mul(adam.beta2).add(np.square(g).mul(1 - adam.beta2)), v, gradient);
  const newLayers = tree.map(
    (p, m, v) => p.sub(m.mul(c1.ref).div(np.sqrt(v.mul(c2.ref)).add(adam.epsilon))),
    layers,
    tree.ref(newM),
    tree.ref(newV),
  );
  c1.dispose();
  c2.dispose();
  return [newLayers, newM, newV];
}

let current;

function build(model, batch, variant) {
  const start = uniform(1);
  const zeros = (size) => [np.zeros(size), np.zeros([size[1]])];
  let layers = layerSizes(model).map((size) => [
    np.array(startWeights(size, start)).reshape(size),
    np.zeros([size[1]]),
  ]);
  let m = layerSizes(model).map(zeros);
  let v = layerSizes(model).map(zeros);
  let keys = random.key(0);
  let count = 0;
  const batches = randomBatches(batch, model.pixels).map((data) => np.array(data).reshape([batch, model.pixels]));
  const maybeJit = variant.jit === false ? (f) => f : jit;
  const noiseOf = maybeJit((key) => random.normal(key, [batch, model.latent]));
  const lossAndGradient = valueAndGrad(lossOf(model));
  const gradientOnly = maybeJit(lossAndGradient);
  const wholeStep = maybeJit((layers, m, v, x, noise, scale) => {
    const [loss, gradient] = lossAndGradient(tree.ref(layers), x, noise);
    return [loss, ...adamUpdate(layers, m, v, gradient, scale)];
  });

  const step = async (i) => {
    const [next, used] = random.split(keys);
    keys = next;
    const noise = noiseOf(used);
    let loss;
    if (variant.step === 'gradients') {
      let gradient;
      [loss, gradient] = gradientOnly(tree.ref(layers), batches[i].ref, noise);
      await jax.blockUntilReady(gradient);
      tree.dispose(gradient);
    } else {
      count++;
      const scale = np.array([adam.rate / (1 - adam.beta1 ** count), 1 / (1 - adam.beta2 ** count)]);
      [loss, layers, m, v] = wholeStep(layers, m, v, batches[i].ref, noise, scale);
      await jax.blockUntilReady(layers);
    }
    return (await loss.data())[0];
  };
  return { step, batches, batch, position: 0 };
}

await serve({
  hello: () => ({
    peer: 'jax-js wasm',
    version,
    threads: typeof Worker === 'undefined' ? 1 : (navigator?.hardwareConcurrency ?? 4),
    note: 'its threads need the browser’s Worker, which Node does not have',
    commands: ['setup', 'round'],
  }),
  setup: async ({ model: name, batch = 128, variant = {} }) => {
    const start = performance.now();
    current = build(modelOf(name), batch, variant);
    await current.step(0);
    const firstStepSeconds = (performance.now() - start) / 1e3;
    await current.step(1);
    return { ok: true, step: variant.step ?? 'whole', jit: variant.jit !== false, firstStepSeconds };
  },
  round: ({ steps }) => {
    const { step, position, batches, batch } = current;
    current.position += steps;
    return timed(step, steps, position, batches.length, batch);
  },
});
