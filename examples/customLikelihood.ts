import { nodeRuntime } from '@reparam/tensor/node';
import { digits, evaluate, fit, gaussianLikelihood, type Likelihood, mlp, vae } from 'reparam';
import { studentTLikelihood } from './extending/studentTLikelihood.ts';

// The same networks with two likelihoods of real values: both are densities of the same data, so their figures compare.
const runtime = await nodeRuntime();
const data = digits('train');

async function train(likelihood: Likelihood) {
  const model = vae({ dataShape: data.shape, latentDim: 8, encoder: mlp([64]), decoder: mlp([64]), likelihood });
  const training = fit(model, data, { runtime, epochs: 40, batchSize: 50, learningRate: 0.003 });
  for await (const _epoch of training);
  const { elbo } = await evaluate(model, training.params, digits('test'), { runtime, numSamples: 0 });
  console.log(
    `${likelihood.description}: ELBO ${elbo.value.toFixed(2)} ± ${elbo.standardError.toFixed(2)} nats/example`,
  );
}

await train(gaussianLikelihood({ scale: 'shared' }));
await train(studentTLikelihood());
