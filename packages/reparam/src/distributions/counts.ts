import {
  add,
  div,
  erf,
  exp,
  floor,
  greater,
  log,
  maximum,
  minimum,
  mul,
  neg,
  ReparamError,
  reshape,
  slice,
  sqrt,
  square,
  step,
  sub,
  type Tensor,
  where,
} from '@reparam/tensor';

// Draws of counts as functions of standard normal numbers: one noise site, of one kind, feeds all that a draw needs.

/** Φ(z), a uniform number for a normal one; kept off 0. */
export const uniformOf = (z: Tensor): Tensor => maximum(mul(add(erf(mul(z, Math.SQRT1_2)), 1), 0.5), 1e-30);

/** Number `index` along the last axis of `noise` [..., n], without that axis. */
export function noiseNumber(noise: Tensor, index: number): Tensor {
  const axis = noise.rank - 1;
  return reshape(slice(noise, axis, index, index + 1), noise.shape.slice(0, -1));
}

/** Largest rate, and number of terms, for which the distribution function is summed. */
const largestSummedRate = 16;
const terms = 48;

/**
 * A Poisson draw of the given rate from a standard normal number: the inverse distribution function. Up to a rate of 16 it is
 * summed term by term, exact but for the upper 1e-6 of the distribution; beyond that Cornish and Fisher's expansion, whose error
 * falls as rate^(-3/2) (Giles 2016, algorithm 955).
 */
export function poissonFromNormal(rate: Tensor, z: Tensor): Tensor {
  return where(greater(rate, largestSummedRate), byExpansion(rate, z), bySummation(rate, z));
}

function bySummation(rate: Tensor, z: Tensor): Tensor {
  const small = minimum(rate, largestSummedRate);
  // What float32 sums up to falls short of 1.
  const u = minimum(uniformOf(z), 1 - 1e-6);
  let mass = exp(neg(small));
  let below = mass;
  let count = step(sub(u, below));
  for (let k = 1; k < terms; k++) {
    mass = mul(mass, mul(small, 1 / k));
    below = add(below, mass);
    count = add(count, step(sub(u, below)));
  }
  return count;
}

function byExpansion(rate: Tensor, z: Tensor): Tensor {
  const large = maximum(rate, largestSummedRate);
  const root = sqrt(large);
  const z2 = square(z);
  const first = add(mul(root, z), add(mul(z2, 1 / 6), 1 / 3));
  const second = neg(div(mul(z, add(mul(z2, 1 / 72), 1 / 36)), root));
  const third = div(add(mul(z2, add(mul(z2, 1 / 270), 7 / 810)), -8 / 405), large);
  return maximum(floor(add(large, add(first, add(second, third)))), 0);
}

/** Proposals of a gamma draw; all are refused with probability 0.05⁶ = 1.6e-8 at most. */
const proposals = 6;

/** Normal numbers a gamma draw needs. */
export const gammaNoise = 2 * proposals + 1;

/**
 * A draw of Gamma(shape, 1) from the first `gammaNoise` numbers along the last axis of `noise`: Marsaglia and Tsang (2000) for
 * shape + 1, times a uniform number to the power 1/shape. Should all proposals be refused, the draw is near the mode.
 */
export function gammaFromNormals(shape: Tensor, noise: Tensor): Tensor {
  const d = add(shape, 2 / 3);
  const c = mul(reciprocalRoot(d), 1 / 3);
  // The last of a chain of choices is the first proposal: it wins when accepted.
  let draw = d;
  for (let i = proposals - 1; i >= 0; i--) {
    const x = noiseNumber(noise, 2 * i);
    const logU = log(uniformOf(noiseNumber(noise, 2 * i + 1)));
    const cube = add(mul(c, x), 1);
    const isPositive = greater(cube, 0);
    const v = where(isPositive, mul(cube, square(cube)), 1);
    const bound = add(mul(square(x), 0.5), mul(d, add(sub(1, v), log(v))));
    const accepted = mul(step(where(isPositive, 1, -1)), step(sub(bound, logU)));
    draw = where(greater(accepted, 0.5), mul(d, v), draw);
  }
  const boost = div(log(uniformOf(noiseNumber(noise, 2 * proposals))), shape);
  return mul(draw, exp(boost));
}

const reciprocalRoot = (x: Tensor): Tensor => div(1, sqrt(x));

/** Throws `unsupported`: the entropy of a count has no closed form. */
export function noEntropy(name: string): never {
  throw new ReparamError('unsupported', `the entropy of a ${name} distribution has no closed form`, {
    fix: 'Estimate it from draws: −logProb(sample)',
  });
}
