import type { HostTensor } from '@reparam/tensor';
import { ReparamError } from '@reparam/tensor';
import { checkMatrix, type DataMatrix } from '../moments.ts';
import type { RbmParams } from './rbm.ts';

/** Most units of the smaller layer whose states are enumerated. */
export const mostEnumerated = 20;

interface Numbers {
  readonly weight: ArrayLike<number>;
  readonly visibleBias: ArrayLike<number>;
  readonly hiddenBias: ArrayLike<number>;
}

const numbersOf = (params: RbmParams): Numbers => {
  const at = (name: string) => (params[name] as HostTensor).data as Float32Array;
  return { weight: at('weight'), visibleBias: at('visibleBias'), hiddenBias: at('hiddenBias') };
};

/** log(1 + eˣ) in float64. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Whether `logPartition` can be had: a layer of at most 20 units. */
export const isEnumerable = (params: RbmParams): boolean => {
  const { visibleBias, hiddenBias } = numbersOf(params);
  return Math.min(visibleBias.length, hiddenBias.length) <= mostEnumerated;
};

/**
 * log Z in float64, by enumeration of the states s of the smaller layer: log Σ_s exp(a·s + Σ softplus(other bias + weights
 * s)), each state one unit from the one before (Gray code). Throws `unsupported` when both layers have more than 20 units.
 */
export function logPartition(params: RbmParams): number {
  const { weight, visibleBias, hiddenBias } = numbersOf(params);
  const [visible, hidden] = [visibleBias.length, hiddenBias.length];
  if (!isEnumerable(params)) {
    throw new ReparamError('unsupported', 'log Z of a restricted Boltzmann machine by enumeration', {
      got: `${visible} visible and ${hidden} hidden units`,
      expected: `a layer of at most ${mostEnumerated} units`,
      fix: 'Use the pseudo-log-likelihood',
    });
  }
  const overHidden = hidden <= visible;
  const [bias, otherBias] = overHidden ? [hiddenBias, visibleBias] : [visibleBias, hiddenBias];
  const at = (unit: number, other: number) =>
    overHidden ? weight[unit * visible + other]! : weight[other * visible + unit]!;
  const [units, others] = [bias.length, otherBias.length];
  const input = Float64Array.from(otherBias);
  const state = new Uint8Array(units);
  let energy = 0;
  let peak = Number.NEGATIVE_INFINITY;
  let total = 0;
  for (let code = 0; code < 2 ** units; code++) {
    if (code > 0) {
      const unit = 31 - Math.clz32(code & -code);
      const sign = state[unit] ? -1 : 1;
      state[unit] = state[unit] ? 0 : 1;
      energy += sign * bias[unit]!;
      for (let i = 0; i < others; i++) input[i]! += sign * at(unit, i);
    }
    let term = energy;
    for (let i = 0; i < others; i++) term += softplus(input[i]!);
    if (term > peak) {
      total = total * Math.exp(peak - term) + 1;
      peak = term;
    } else total += Math.exp(term - peak);
  }
  return peak + Math.log(total);
}

/** Inputs c + W v of the hidden units for one row, written to `input`; the result is F(v). */
function energyOf({ weight, visibleBias, hiddenBias }: Numbers, bits: ArrayLike<number>, input: Float64Array): number {
  input.set(hiddenBias);
  let energy = 0;
  for (let i = 0; i < visibleBias.length; i++) {
    if (bits[i] === 0) continue;
    energy -= bits[i]! * visibleBias[i]!;
    for (let j = 0; j < input.length; j++) input[j]! += bits[i]! * weight[j * visibleBias.length + i]!;
  }
  for (const value of input) energy -= softplus(value);
  return energy;
}

/** F(v) of each row, nats: log p(v) = −F(v) − log Z. */
export function freeEnergies(params: RbmParams, { data, rows, columns, scale = 1 }: DataMatrix): Float64Array {
  const numbers = numbersOf(params);
  checkMatrix({ data, rows, columns }, numbers.visibleBias.length);
  const input = new Float64Array(numbers.hiddenBias.length);
  const bits = new Float64Array(columns);
  return Float64Array.from({ length: rows }, (_, row) => {
    for (let i = 0; i < columns; i++) bits[i] = data[row * columns + i]! * scale;
    return energyOf(numbers, bits, input);
  });
}

/** log p(v) of each row in nats, exactly; throws `unsupported` where `logPartition` does. */
export function rbmLogLikelihoods(params: RbmParams, data: DataMatrix): Float64Array {
  const logZ = logPartition(params);
  return freeEnergies(params, data).map((energy) => -energy - logZ);
}

/**
 * Σ_i log p(v_i given all others) of each row, nats (Besag 1975): needs no Z, and is no log-likelihood.
 */
export function pseudoLogLikelihoods(params: RbmParams, { data, rows, columns, scale = 1 }: DataMatrix): Float64Array {
  const numbers = numbersOf(params);
  const { weight, visibleBias, hiddenBias } = numbers;
  checkMatrix({ data, rows, columns }, visibleBias.length);
  const input = new Float64Array(hiddenBias.length);
  const bits = new Float64Array(columns);
  return Float64Array.from({ length: rows }, (_, row) => {
    for (let i = 0; i < columns; i++) bits[i] = data[row * columns + i]! * scale;
    const energy = energyOf(numbers, bits, input);
    let sum = 0;
    for (let i = 0; i < columns; i++) {
      const sign = bits[i] ? -1 : 1;
      let flipped = energy - sign * visibleBias[i]!;
      for (let j = 0; j < input.length; j++) {
        flipped += softplus(input[j]!) - softplus(input[j]! + sign * weight[j * columns + i]!);
      }
      sum -= softplus(energy - flipped);
    }
    return sum;
  });
}
