// The fitted normal distribution of MNIST in logit space (Papamakarios et al. 2017, table 2: −1366.9 ± 1.4 nats): 50,000
// training images, pixel (k + u) / 256 with one draw of u, logit of 1e-6 + (1 − 2e-6) y.
//
//   npm run build && node bench/quality/flowGaussian.mjs
import { constant, evaluate, foldIn, hostTensor, key, uniformArray } from '@reparam/tensor';
import { dequantizedLogits, fitGaussian } from 'reparam';
import { openDataset } from 'reparam/data/node';

const treatment = dequantizedLogits();

/** Logits of the first `rows` images, row-major, and the mean over images of the treatment's own log-determinant. */
function logits({ data, scale }, rows, seed) {
  const width = 784;
  const out = new Float64Array(rows * width);
  let logDet = 0;
  const chunk = 500;
  for (let first = 0; first < rows; first += chunk) {
    const size = Math.min(chunk, rows - first) * width;
    const shape = [size / width, width];
    const x = Float64Array.from(data.subarray(first * width, first * width + size), (v) => v * scale);
    const noise = Float64Array.from(uniformArray(foldIn(key(seed), first), size));
    const treated = treatment.forward(constant(hostTensor(x, shape)), constant(hostTensor(noise, shape)));
    const [value, volume] = evaluate([treated.value, treated.logDet], new Map());
    out.set(value.data, first * width);
    logDet += volume.data.reduce((a, b) => a + b, 0);
  }
  return { matrix: { data: out, rows, columns: width }, logDet: logDet / rows };
}

const train = logits(await openDataset('mnist', { split: 'train' }), 50_000, 1);
const test = logits(await openDataset('mnist', { split: 'test' }), 10_000, 2);
const started = performance.now();
const each = fitGaussian(train.matrix).logLikelihoods(test.matrix);
const mean = each.reduce((a, b) => a + b, 0) / each.length;
const deviation = Math.sqrt(each.reduce((a, b) => a + (b - mean) ** 2, 0) / (each.length - 1));
console.log(
  JSON.stringify({
    logitLogLikelihood: mean,
    standardError: deviation / Math.sqrt(each.length),
    bitsPerDimension: -(mean + test.logDet) / (784 * Math.LN2),
    seconds: (performance.now() - started) / 1000,
  }),
);
