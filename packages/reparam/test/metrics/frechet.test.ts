import { frechetDistance } from 'reparam';
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
