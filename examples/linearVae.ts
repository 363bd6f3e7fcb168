import { nodeRuntime } from '@reparam/tensor/node';
import {
  cosine,
  digits,
  evaluate,
  fit,
  fitPpca,
  gaussianLikelihood,
  sequential,
  sharedVarianceNormal,
  vae,
  widthOf,
} from 'reparam';

// A VAE whose encoder and decoder are linear is probabilistic PCA, which has a closed form: the best ELBO that training can
// reach is known, and reaching it says that noise, bound, gradients and optimiser are all right.
const latentDim = 4;
const data = digits('train');
const matrix = { data: data.data, rows: data.size, columns: widthOf(data), scale: data.scale };
const exact = fitPpca(matrix, latentDim).logLikelihood(matrix);

const linear = sequential([]);
const model = vae({
  dataShape: data.shape,
  latentDim,
  encoder: linear,
  decoder: linear,
  posterior: sharedVarianceNormal(),
  likelihood: gaussianLikelihood({ scale: 'shared' }),
});
const runtime = await nodeRuntime();
const training = fit(model, data, { runtime, epochs: 400, batchSize: 500, learningRate: cosine({ value: 0.02 }) });
for await (const { epoch, train } of training) {
  if (epoch % 100 === 0) console.log(`epoch ${epoch}: ELBO ${train.elbo.toFixed(2)} nats/example`);
}

const { elbo } = await evaluate(model, training.params, data, { runtime, numSamples: 0 });
console.log(`ELBO of the trained model    ${elbo.value.toFixed(2)} nats/example`);
console.log(`log-likelihood, closed form  ${exact.toFixed(2)} nats/example`);
