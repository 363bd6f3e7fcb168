import { interpreter } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { inverse, Matrix } from 'ml-matrix';
import {
  createDataset,
  deltaPosterior,
  digits,
  type HostParams,
  impute,
  linearGaussian,
  linearVaeParams,
  meanOf,
  missingValues,
  mlp,
  take,
} from 'reparam';
import { describe, expect, it } from 'vitest';
import { linearVae } from '../metrics/linearVae.ts';
import { smallModel } from './models.ts';

/** Strongly correlated columns of W: the encoder, whose covariance is diagonal, is far from the exact posterior. */
const components = [1, 0.8, 0.9, 0.8, -0.4, 0.6, 0.7, 1];
const [width, latentDim, noiseVariance] = [4, 2, 0.1];
const exact = linearGaussian({
  mean: Float64Array.of(0.2, -0.1, 0.4, 0),
  components: Float64Array.from(components),
  noiseVariance,
});
const model = linearVae([width], latentDim);
const params = linearVaeParams(exact) as HostParams;
const known = [0, 2];
const missing = [1, 3];
const isMissing = Uint8Array.of(0, 1, 0, 1);
const x = [0.9, 0, -0.7, 0];

/** p(missing given known) in closed form, from the joint covariance W W' + s² I. */
function conditional() {
  const w = new Matrix(width, latentDim);
  components.forEach((value, at) => {
    w.set(Math.floor(at / latentDim), at % latentDim, value);
  });
  const joint = w.mmul(w.transpose()).add(Matrix.eye(width).mul(noiseVariance));
  const part = (rows: number[], columns: number[]) => joint.selection(rows, columns);
  const gain = part(missing, known).mmul(inverse(part(known, known)));
  const off = Matrix.columnVector(known.map((i) => x[i]! - exact.mean[i]!));
  const mean = gain.mmul(off).to1DArray();
  const covariance = part(missing, missing).sub(gain.mmul(part(known, missing)));
  return { mean: mean.map((value, i) => value + exact.mean[missing[i]!]!), covariance };
}

/** Mean and covariance of the missing values of many independent chains. */
async function drawn(method: 'metropolis' | 'gibbs', draws: number, sweeps: number) {
  const data = createDataset({ name: 'one', data: Float32Array.from(x), shape: [width] });
  const options = { runtime: await nodeRuntime(), missing: isMissing, draws, sweeps, method, seed: 3, batchSize: 1000 };
  const result = await impute(model, params, data, options);
  const column = (j: number) => Float64Array.from({ length: draws }, (_, i) => result.draws.data[i * width + j]!);
  const columns = missing.map(column);
  const mean = columns.map((values) => values.reduce((sum, v) => sum + v / draws, 0));
  const covariance = (a: number, b: number) =>
    columns[a]!.reduce((sum, v, i) => sum + ((v - mean[a]!) * (columns[b]![i]! - mean[b]!)) / (draws - 1), 0);
  return { result, mean, covariance, column };
}

describe('a linear Gaussian model, where p(missing given known) has a closed form', () => {
  const draws = 6000;
  const truth = conditional();

  it('corrected chains draw from it; all of mean, covariance and likelihood agree within Monte Carlo error', async () => {
    const { result, mean, covariance, column } = await drawn('metropolis', draws, 80);
    const spread = (a: number, b: number) => truth.covariance.get(a, b);
    for (const a of [0, 1]) {
      expect(Math.abs(mean[a]! - truth.mean[a]!)).toBeLessThan(4 * Math.sqrt(spread(a, a) / draws));
      expect(Math.abs(result.mean.data[missing[a]!]! - truth.mean[a]!)).toBeLessThan(
        4 * Math.sqrt(spread(a, a) / draws),
      );
      for (const b of [0, 1]) {
        const error = Math.sqrt((spread(a, a) * spread(b, b) + spread(a, b) ** 2) / draws);
        expect(Math.abs(covariance(a, b) - spread(a, b))).toBeLessThan(4 * error);
      }
    }
    for (const j of known) expect(new Set(column(j))).toEqual(new Set([Math.fround(x[j]!)]));
    expect(result.acceptance).toBeGreaterThan(0.2);
    expect(result.acceptance).toBeLessThan(0.95);
    const off = Matrix.columnVector(missing.map((j, i) => x[j]! - truth.mean[i]!));
    const square = off.transpose().mmul(inverse(truth.covariance)).mmul(off).get(0, 0);
    const det = spread(0, 0) * spread(1, 1) - spread(0, 1) ** 2;
    expect(result.logLikelihood![0]).toBeCloseTo(-0.5 * (square + Math.log(det)) - Math.log(2 * Math.PI), 1);
  });

  it('without the correction they draw from something else, as far as the encoder is from the posterior', async () => {
    const { mean, covariance, result } = await drawn('gibbs', draws, 80);
    const far = [0, 1].map((a) => Math.abs(mean[a]! - truth.mean[a]!) / Math.sqrt(truth.covariance.get(a, a) / draws));
    const wide = Math.abs(covariance(0, 0) / truth.covariance.get(0, 0) - 1) / Math.sqrt(2 / draws);
    expect(Math.max(...far, wide)).toBeGreaterThan(8);
    expect(result.acceptance).toBe(1);
  });
});

describe('pictures', () => {
  const data = take(digits('test'), 7);
  const { model: vae, params: weights } = smallModel();
  const options = { runtime: interpreter, draws: 2, sweeps: 6, binarization: 'dynamic' as const, seed: 1 };

  it('known values stay, bits are drawn, and nothing depends on the size of the batches', async () => {
    const half = missingValues([8, 8], { share: 0.5 }, 7, 5);
    const start = meanOf(data);
    const all = await impute(vae, weights, data, { ...options, missing: half, start });
    const few = await impute(vae, weights, data, { ...options, missing: half, start, batchSize: 3 });
    expect(few.draws.data).toEqual(all.draws.data);
    expect([all.draws.shape, all.mean.shape]).toEqual([
      [7, 2, 64],
      [7, 64],
    ]);
    let differ = 0;
    all.draws.data.forEach((value, at) => {
      const [row, j] = [Math.floor(at / 128), at % 64];
      if (!half[row * 64 + j]) {
        expect(value).toBe(all.truth.data[row * 64 + j]);
        expect(all.mean.data[row * 64 + j]).toBeCloseTo(value, 6);
      } else if (value !== all.draws.data[row * 128 + j]) differ += 1;
      expect([0, 1]).toContain(value);
    });
    expect(differ).toBeGreaterThan(20);
    expect(few.logLikelihood).toHaveLength(7);
    few.logLikelihood!.forEach((value, row) => {
      expect(value).toBeCloseTo(all.logLikelihood![row]!, 4);
      expect(value).toBeLessThan(0);
    });
  });

  it('refuses what cannot be imputed', async () => {
    const missing = missingValues([8, 8], 'left', 1);
    const bad = async (more: object, from = vae) => impute(from, weights, data, { ...options, missing, ...more });
    await expect(bad({ draws: 0 })).rejects.toThrow(/draws: got 0/);
    await expect(bad({ sweeps: 1 })).rejects.toThrow(/sweeps: got 1, expected a whole number, 2 or more/);
    await expect(bad({ missing: new Uint8Array(63) })).rejects.toThrow(/got 63 values/);
    await expect(bad({ missing: new Uint8Array(64) })).rejects.toThrow(/what is missing: got no value/);
    const autoencoder = smallModel({ posterior: deltaPosterior(), encoder: mlp([24]) }).model;
    await expect(bad({}, autoencoder)).rejects.toThrow(/an autoencoder, whose code is a point/);
  });
});

describe('missing parts', () => {
  const rows = (part: Parameters<typeof missingValues>[1], shape: number[]) =>
    Array.from({ length: shape[0]! }, (_, y) =>
      [...missingValues(shape, part, 1).subarray(y * shape[1]!, (y + 1) * shape[1]!)].join(''),
    );
  it.each([
    ['left', ['110', '110', '110']],
    ['right', ['001', '001', '001']],
    ['top', ['111', '111', '000']],
    ['bottom', ['000', '000', '111']],
    ['bottom-right', ['000', '000', '001']],
  ] as const)('%s', (part, expected) => {
    expect(rows(part, [3, 3])).toEqual(expected);
  });

  it('a share is drawn for each example, all channels of a pixel together', () => {
    const drawn = missingValues([20, 20, 3], { share: 0.3 }, 50, 1);
    const total = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
    expect(Math.abs(total - 0.3)).toBeLessThan(4 * Math.sqrt(0.21 / (50 * 400)));
    for (let i = 0; i < drawn.length; i += 3) expect(new Set(drawn.subarray(i, i + 3)).size).toBe(1);
    expect(drawn.slice(0, 1200)).not.toEqual(drawn.slice(1200, 2400));
    expect(missingValues([20, 20, 3], { share: 0.3 }, 50, 1)).toEqual(drawn);
    expect(missingValues([20, 20, 3], { share: 0.3 }, 50, 2)).not.toEqual(drawn);
    expect(() => missingValues([2, 2], { share: 0 }, 1)).toThrow(/share of missing values/);
  });
});
