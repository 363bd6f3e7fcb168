import { writeFile } from 'node:fs/promises';
import { nodeRuntime } from '@reparam/tensor/node';
import { digits, elbo, evaluate, exportDecoder, fit, linearWarmup, mlp, sample, vae } from 'reparam';
import { encodePng, imageGrid } from 'reparam/plot';

const runtime = await nodeRuntime();
const binarization = 'dynamic';
const data = digits('train'); // 1,500 bundled images, 8 × 8

const model = vae({
  dataShape: data.shape,
  latentDim: 10,
  encoder: mlp([128], { activation: 'gelu' }),
  decoder: mlp([128], { activation: 'gelu' }),
});
const objective = elbo({ beta: linearWarmup({ epochs: 5 }) });
const training = fit(model, data, { runtime, objective, binarization, epochs: 30, batchSize: 50 });
for await (const { epoch, train } of training) {
  console.log(`epoch ${epoch}: ELBO ${train.elbo.toFixed(2)} nats/example`);
}

const { logLikelihood, activeUnits } = await evaluate(model, training.params, digits('test'), {
  runtime,
  binarization,
});
console.log(`log p(x) ${logLikelihood?.value.toFixed(2)} ± ${logLikelihood?.standardError.toFixed(2)} nats/example`);
console.log(`${activeUnits} of ${model.latentDim} latent dimensions in use`);

const { mean } = await sample(model, training.params, 64, { runtime, seed: 1 });
await writeFile('samples.png', encodePng(imageGrid(mean.data, { height: 8, width: 8 })));
await writeFile('decoder.onnx', exportDecoder(model, training.params));
