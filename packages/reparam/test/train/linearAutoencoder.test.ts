import type { HostTensor } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { Matrix, QrDecomposition } from 'ml-matrix';
import {
  cosine,
  deltaPosterior,
  digits,
  fit,
  gaussianLikelihood,
  mlp,
  moments,
  principalAxes,
  reconstruct,
  reconstruction,
  vae,
} from 'reparam';
import { expect, test } from 'vitest';

test('a linear autoencoder spans the subspace of PCA, with the error PCA leaves', async () => {
  const runtime = await nodeRuntime({ threads: 1 });
  const data = digits();
  const latentDim = 4;
  const model = vae({
    dataShape: [8, 8],
    latentDim,
    encoder: mlp([]),
    decoder: mlp([]),
    posterior: deltaPosterior(),
    likelihood: gaussianLikelihood({ scale: 0.25 }),
  });
  const training = fit(model, data, {
    runtime,
    objective: reconstruction(),
    epochs: 200,
    batchSize: 50,
    learningRate: cosine({ value: 0.01 }),
  });
  for await (const _ of training);

  const { mean, covariance } = moments({ data: data.data, rows: data.size, columns: 64, scale: data.scale });
  const { axes, eigenvalues } = principalAxes({ mean, covariance });
  const weight = (training.params.output as { weight: HostTensor }).weight.data as Float32Array;
  const spanned = new QrDecomposition(Matrix.from1DArray(64, latentDim, Array.from(weight))).orthogonalMatrix;
  const principal = Matrix.from1DArray(latentDim, 64, Array.from(axes.subarray(0, 64 * latentDim)));
  // Cosines of the angles between the two subspaces: all 1 where they are one.
  const cosines = principal.mmul(spanned);
  expect(latentDim - cosines.norm('frobenius') ** 2).toBeLessThan(2e-3);

  const { input, mean: decoded } = await reconstruct(model, training.params, data, { runtime });
  const error = input.data.reduce((sum, value, i) => sum + (value - decoded.data[i]!) ** 2, 0) / data.size;
  const left = eigenvalues.subarray(latentDim).reduce((sum, l) => sum + l, 0);
  expect(error).toBeGreaterThan(left - 1e-3);
  expect(error).toBeLessThan(left * 1.001);
});
