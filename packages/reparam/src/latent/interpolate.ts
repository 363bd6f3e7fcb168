import { type Float32Tensor, hostTensor, ReparamError } from '@reparam/tensor';

/** `linear`: a straight line; `spherical`: the direction turns evenly along a great circle while the length changes linearly. */
export type InterpolationPath = 'linear' | 'spherical';

/**
 * `steps` codes from `z0` to `z1` (vectors of equal length), both ends included exactly: float32 [steps, latentDim].
 * Throws `data` for a spherical path between opposite directions, which has no unique circle.
 */
export function interpolate(
  z0: ArrayLike<number>,
  z1: ArrayLike<number>,
  steps: number,
  path: InterpolationPath = 'linear',
): Float32Tensor {
  const size = z0.length;
  if (z1.length !== size || size === 0) {
    throw new ReparamError('shape', 'ends of an interpolation', { got: `${size} and ${z1.length} numbers` });
  }
  if (!Number.isInteger(steps) || steps < 2) {
    throw new ReparamError('config', 'steps of an interpolation', {
      got: String(steps),
      expected: 'a whole number from 2 up, both ends included',
    });
  }
  const weights = path === 'linear' ? linear : spherical(z0, z1);
  const data = new Float32Array(steps * size);
  for (let k = 0; k < steps; k++) {
    const [a, b] = k === 0 ? [1, 0] : k === steps - 1 ? [0, 1] : weights(k / (steps - 1));
    for (let i = 0; i < size; i++) data[k * size + i] = a * z0[i]! + b * z1[i]!;
  }
  return hostTensor(data, [steps, size]);
}

/** Factors of the two ends at a place between 0 and 1. */
type Weights = (t: number) => [number, number];

const linear: Weights = (t) => [1 - t, t];

function spherical(z0: ArrayLike<number>, z1: ArrayLike<number>): Weights {
  const [length0, length1] = [norm(z0), norm(z1)];
  // Zero has no direction: the straight line keeps the other end's.
  if (length0 === 0 || length1 === 0) return linear;
  const unit = (z: ArrayLike<number>, length: number) => Array.from(z, (v) => v / length);
  const [u0, u1] = [unit(z0, length0), unit(z1, length1)];
  // Exact for small and for large angles, where the arc cosine of the product is not.
  const chord = norm(u0.map((v, i) => v - u1[i]!));
  const between = norm(u0.map((v, i) => v + u1[i]!));
  const angle = 2 * Math.atan2(chord, between);
  if (between < 1e-6) {
    throw new ReparamError('data', 'no spherical path between opposite codes', {
      got: `an angle of ${((angle / Math.PI) * 180).toFixed(4)}°`,
      expected: 'less than 180°',
      fix: 'Use the linear path',
    });
  }
  if (angle < 1e-6) return linear;
  return (t) => {
    const length = (1 - t) * length0 + t * length1;
    const share = (part: number, own: number) => (length * Math.sin(part * angle)) / Math.sin(angle) / own;
    return [share(1 - t, length0), share(t, length1)];
  };
}

const norm = (z: ArrayLike<number>): number => Math.hypot(...Array.from(z));
