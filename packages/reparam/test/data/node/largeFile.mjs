// Trains some steps on a file of rows that stays where it is, evaluates on a part of it, and prints figures of the process.
import { nodeRuntime } from '@reparam/tensor/node';
import { evaluate, fit, gaussianLikelihood, mlp, selectStreamed, vae } from 'reparam';
import { openAnyDataset } from 'reparam/data/node';

const [, , path, cacheDir] = process.argv;
const started = performance.now();
const since = () => Math.round(performance.now() - started);
const data = await openAnyDataset(path, { cacheDir, test: 0 });
const opened = since();
const runtime = await nodeRuntime();
const model = vae({
  dataShape: data.shape,
  latentDim: 2,
  encoder: mlp([8]),
  decoder: mlp([8]),
  likelihood: gaussianLikelihood({ scale: 'shared' }),
});
const controller = new AbortController();
const options = { runtime, epochs: 1, batchSize: 64, stepsPerCall: 2, signal: controller.signal };
const losses = [];
const onProgress = ({ step, loss }) => {
  losses.push(loss);
  if (step >= 40) controller.abort();
};
const training = fit(model, data, { ...options, onProgress });
try {
  for await (const _ of training);
} catch (error) {
  if (error.code !== 'interrupted') throw error;
}
const trained = since();
// Some rows of every part of the file, in its order.
const some = Int32Array.from({ length: 500 }, (_, i) => Math.floor((i * data.size) / 500));
const { elbo } = await evaluate(model, training.params, selectStreamed(data, some), { runtime, numSamples: 0 });
console.log(
  JSON.stringify({
    isStreamed: 'readRows' in data,
    size: data.size,
    range: data.range,
    losses,
    elbo: elbo.value,
    maxResidentBytes: process.resourceUsage().maxRSS * 1024,
    milliseconds: { opened, trained, evaluated: since() },
  }),
);
