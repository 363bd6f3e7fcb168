/** What the JavaScript peers share: the line protocol, the models' sizes, the data. See README.md. */
import { createInterface } from 'node:readline';

/** Layer sizes of the two benchmark models: pixels, hidden widths, latent dimensions. */
export const models = {
  'vae-pytorch': { pixels: 784, hidden: [400], latent: 20, activation: 'relu' },
  vae: { pixels: 784, hidden: [200, 200], latent: 50, activation: 'tanh' },
};

/** Importance-weighted bounds of 50 samples, with the encoder's gradient as it comes or doubly reparameterised. */
export const importanceWeighted = {
  iwae: { sizes: 'vae', numSamples: 50, gradient: 'standard' },
  'iwae-dreg': { sizes: 'vae', numSamples: 50, gradient: 'doubly-reparameterised' },
};

/** Flows of real vectors: dimensions, layers, hidden layers of each layer's net (ReLU). */
export const flows = {
  realnvp: { dim: 64, length: 5, hidden: [100, 100] },
  maf: { dim: 64, length: 5, hidden: [100, 100] },
};

/** M2: the sizes of each of its three networks, classes, and how many rows, the first of a batch, have a label. */
export const semiSupervised = {
  m2: {
    pixels: 784,
    hidden: [500, 500],
    latent: 50,
    activation: 'relu',
    numClasses: 10,
    numLabelled: 100,
    alpha: 0.1,
  },
};

/** Answers commands from stdin, one JSON line each, until `exit` or the end of the input. */
export async function serve(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    if (!line.trim()) continue;
    let answer;
    try {
      const command = JSON.parse(line);
      if (command.cmd === 'exit') break;
      const run = commands[command.cmd];
      answer = run ? await run(command) : { error: `unknown command ${command.cmd}` };
    } catch (error) {
      answer = { error: String(error?.stack ?? error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
}

/** A peer whose package is not installed says so to every command. */
export async function serveMissing(reason) {
  const missing = () => ({ missing: reason });
  await serve({ hello: missing, setup: missing, round: missing });
}

/** Imports a package, or resolves to undefined when it is not installed. */
export async function optionalImport(name) {
  try {
    return await import(name);
  } catch (error) {
    if (error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Returns the model of that name. */
export function modelOf(name) {
  const model = models[name];
  if (!model) throw new Error(`unknown model ${name}; known: ${Object.keys(models).join(', ')}`);
  return model;
}

/** The linear layers of a model in the order encoder, loc, log variance, decoder, logits, as [inputs, outputs]. */
export function layerSizes({ pixels, hidden, latent }) {
  const chain = (sizes) => sizes.slice(1).map((size, i) => [sizes[i], size]);
  const top = hidden[hidden.length - 1];
  return [
    ...chain([pixels, ...hidden]),
    [top, latent],
    [top, latent],
    ...chain([latent, ...hidden.slice().reverse()]),
    [hidden[0], pixels],
  ];
}

/** The convolutional models (4×4 windows, stride 2, border 1), of this project and PyTorch: shape of an image, widths, latent dimensions. */
export const convolutional = {
  'conv-mnist': { image: [28, 28], channels: [32, 64], latent: 16 },
  'conv-cifar': { image: [32, 32, 3], channels: [32, 64, 128], latent: 64 },
};

/** Uniform numbers in [0, 1) from a 32-bit seed (mulberry32). */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Float32 weights of one layer, uniform within ±1/sqrt(inputs), as PyTorch starts its linear layers. */
export function startWeights([inputs, outputs], random) {
  const bound = 1 / Math.sqrt(inputs);
  return Float32Array.from({ length: inputs * outputs }, () => (2 * random() - 1) * bound);
}

/** Eight batches of random binary pixels, 13 % ones, flat float32. */
export function randomBatches(batch, pixels) {
  const random = uniform(0);
  return Array.from({ length: 8 }, () =>
    Float32Array.from({ length: batch * pixels }, () => (random() < 0.13 ? 1 : 0)),
  );
}

/** One-hot rows of random classes, bytes. */
export function randomTargets(rows, numClasses) {
  const random = uniform(1);
  const targets = new Uint8Array(rows * numClasses);
  for (let i = 0; i < rows; i++) targets[i * numClasses + Math.floor(random() * numClasses)] = 1;
  return targets;
}

/** Runs `step(batchIndex)` the given number of times: milliseconds of each, and the last loss per example. */
export async function timed(step, steps, first, batches, batch) {
  const ms = [];
  let loss = Number.NaN;
  for (let i = first; i < first + steps; i++) {
    const start = performance.now();
    loss = await step(i % batches);
    ms.push(performance.now() - start);
  }
  return { ms, loss: loss / batch };
}
