// Gaussian VAEs on MNIST (pixels / 255) against probabilistic PCA, which a linear VAE cannot exceed.
//
//   npm run build && node bench/quality/gaussian.mjs [linear2|linear10|fixed50|nonlinear20 …]
//
// Prints one JSON object a line: settings, seconds, and ELBO in nats/example on train and test. Figures of linear models
// are averages of log p(x, z) − log q(z|x) with one draw of z, which near the optimum hardly varies.
import { nodeRuntime } from '@reparam/tensor/node';
import { cosine, elbo, evaluate, fit, gaussianLikelihood, linearWarmup, mlp, sharedVarianceNormal, vae } from 'reparam';
import { openDataset } from 'reparam/data/node';

const dataShape = [28, 28];
const linear = (latentDim, likelihood) =>
  vae({ dataShape, latentDim, encoder: mlp([]), decoder: mlp([]), likelihood, posterior: sharedVarianceNormal() });
const learned = (initialScale) => gaussianLikelihood({ scale: 'shared', initialScale });

const claims = {
  linear2: {
    model: linear(2, learned(0.25)),
    fit: { epochs: 8, batchSize: 128, learningRate: cosine({ value: 0.01 }) },
    wanted: 'within 0.1 of 12.4277 (train) and 14.3601 (test)',
  },
  linear10: {
    model: linear(10, learned(0.25)),
    fit: { epochs: 60, batchSize: 128, learningRate: cosine({ value: 0.003 }) },
    wanted: 'within 0.1 of 182.1547 (train) and 186.0241 (test)',
  },
  // A unit whose eigenvalue is barely above σ² gains 0.001 nat by having an axis of its own: it is found while β is small
  // and units are many, and kept when gradients are averaged over large batches.
  fixed50: {
    model: linear(50, gaussianLikelihood({ scale: 1 })),
    fit: {
      epochs: 50,
      batchSize: 512,
      learningRate: cosine({ value: 0.003 }),
      objective: elbo({ beta: linearWarmup({ from: 0.1, epochs: 32 }) }),
    },
    wanted: 'exactly 12 active units, train −743.1862 at best',
  },
  nonlinear20: {
    model: vae({
      dataShape,
      latentDim: 20,
      encoder: mlp([400, 400]),
      decoder: mlp([400, 400]),
      likelihood: learned(0.1),
    }),
    fit: { epochs: 15, batchSize: 128, learningRate: cosine({ value: 0.001 }) },
    wanted: 'test above 306.5487',
  },
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(claims);
const runtime = await nodeRuntime();
const [train, test] = await Promise.all(['train', 'test'].map((split) => openDataset('mnist', { split })));
const round = (value) => Number(value.toFixed(4));

for (const name of names) {
  const { model, fit: options, wanted } = claims[name];
  const started = performance.now();
  const training = fit(model, train, { runtime, ...options });
  for await (const { epoch, train: terms } of training) {
    process.stderr.write(`\r${name}: epoch ${epoch} of ${options.epochs}, ELBO ${terms.elbo.toFixed(2)} `);
  }
  process.stderr.write('\n');
  const seconds = round((performance.now() - started) / 1000);
  const numSamples = name === 'nonlinear20' ? 0 : 1;
  const [seen, unseen] = await Promise.all(
    [train, test].map((data) => evaluate(model, training.params, data, { runtime, numSamples })),
  );
  const figure = ({ logLikelihood, elbo: bound }) => round((logLikelihood ?? bound).value);
  const { activeUnits } = seen;
  const { epochs, batchSize } = options;
  const result = { name, epochs, batchSize, seconds, train: figure(seen), test: figure(unseen), activeUnits, wanted };
  console.log(JSON.stringify(result));
}
