import { nodeRuntime } from '@reparam/tensor/node';
import { createDataset, digits, frechetDistance, moments, splitValidation, trainClassifier } from 'reparam';
import { describe, expect, test } from 'vitest';

describe('Fréchet distance', () => {
  const normal = (mean: number[], covariance: number[]) => ({
    mean: Float64Array.from(mean),
    covariance: Float64Array.from(covariance),
  });

  test('of normals with commuting covariances: |m₁ − m₂|² + Σ (√λ₁ − √λ₂)²', () => {
    const a = normal([1, 2], [4, 0, 0, 9]);
    const b = normal([0, 4], [1, 0, 0, 16]);
    expect(frechetDistance(a, b)).toBeCloseTo(1 + 4 + 1 + 1, 12);
    // Both turned by 30°: nothing changes.
    const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
    const turned = ([x, y]: number[], [p, , , q]: number[]) =>
      normal(
        [c * x! - s * y!, s * x! + c * y!],
        [c * c * p! + s * s * q!, c * s * (p! - q!), c * s * (p! - q!), s * s * p! + c * c * q!],
      );
    expect(frechetDistance(turned([1, 2], [4, 0, 0, 9]), turned([0, 4], [1, 0, 0, 16]))).toBeCloseTo(7, 10);
  });

  test('of covariances that do not commute: tr √(S₁S₂) = √(tr S₁S₂ + 2 √det S₁S₂) in two dimensions', () => {
    const [s1, s2] = [
      [2, 0.5, 0.5, 1],
      [1, -0.7, -0.7, 3],
    ];
    const product = s1![0]! * s2![0]! + 2 * s1![1]! * s2![1]! + s1![3]! * s2![3]!;
    const det = (s1![0]! * s1![3]! - s1![1]! ** 2) * (s2![0]! * s2![3]! - s2![1]! ** 2);
    const cross = Math.sqrt(product + 2 * Math.sqrt(det));
    expect(frechetDistance(normal([0, 0], s1!), normal([0, 0], s2!))).toBeCloseTo(3 + 4 - 2 * cross, 10);
    expect(frechetDistance(normal([0, 0], s1!), normal([0, 0], s1!))).toBeLessThan(1e-9);
    expect(() => frechetDistance(normal([0], [1]), normal([0, 0], s1!))).toThrow('features do not match');
  });
});

describe('a classifier of digits', () => {
  test('knows unseen ones, and its features tell noise from digits; the same seed gives the same network', async () => {
    const runtime = await nodeRuntime({ threads: 1 });
    const { train, validation } = splitValidation(digits(), 297, 3);
    const options = { runtime, hidden: [64, 16], epochs: 20, batchSize: 32, learningRate: 3e-3, seed: 4 };
    const classifier = await trainClassifier(train, options);
    const values = (data: Uint8Array | Float32Array) => Float32Array.from(data, (v) => v * train.scale);
    const unseen = values(validation.data);
    const found = await classifier.classify(unseen);
    const right = found.filter((label, i) => label === validation.labels![i]).length / found.length;
    expect(right).toBeGreaterThan(0.93);

    const momentsOf = async (rows: Float32Array) => {
      const features = await classifier.features(rows);
      return moments({ data: features, rows: features.length / 16, columns: 16 });
    };
    const real = await momentsOf(values(train.data));
    const noise = unseen.map((_, i) => (Math.imul(i + 1, 2654435761) >>> 8) / 2 ** 24);
    const near = frechetDistance(real, await momentsOf(unseen));
    const far = frechetDistance(real, await momentsOf(noise));
    expect(far).toBeGreaterThan(20 * near);

    const again = await trainClassifier(train, options);
    expect(await again.features(unseen)).toEqual(await classifier.features(unseen));
  });

  test('needs labels', async () => {
    const runtime = await nodeRuntime({ threads: 1 });
    const bare = createDataset({ name: 'bare', data: new Uint8Array(40), shape: [4] });
    await expect(trainClassifier(bare, { runtime })).rejects.toThrow('data set has no labels');
  });
});
