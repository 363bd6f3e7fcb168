import {
  continuousBernoulli,
  discretizedLogistic,
  discretizedLogisticMixture,
  laplace,
  negativeBinomial,
  orderedCategorical,
  poisson,
  zeroInflatedNegativeBinomial,
} from 'reparam';
import { floats } from '../support.ts';
import { pieces } from './quadrature.ts';
import type { Row } from './rows.ts';

const whole = (n: number) => ({ events: Array.from({ length: n }, (_, k) => [k]), volume: 1 });
const levels = (n: number) => ({ events: Array.from({ length: n }, (_, k) => [k / (n - 1)]), volume: 1 });
const logSum = (terms: readonly number[]) => Math.log(terms.reduce((a, b) => a + b, 0));

const centres = [-1.5, 0.25, 2];
const widths = [0.4, 1, 1.7];

const tilts = [-5, -1, 0, 0.02, 4];
const logContinuousBernoulli = (x: number, l: number) => {
  const p = 1 / (1 + Math.exp(-l));
  const constant = l === 0 ? 2 : (2 * Math.atanh(1 - 2 * p)) / (1 - 2 * p);
  return Math.log(constant) + x * Math.log(p) + (1 - x) * -Math.log1p(Math.exp(l));
};

const classLogits = [
  [0.1, -1, 2, 0.5],
  [3, 3, 3, 3],
];

/** Mass between a and b of the standard logistic distribution, from the side where nothing cancels. */
const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const mass = (a: number, b: number) => (a > 0 ? logistic(-a) - logistic(-b) : logistic(b) - logistic(a));
const binMass = (x: number, loc: number, logScale: number, n: number) => {
  const h = 0.5 / (n - 1);
  const at = (v: number) => (v - loc) / Math.exp(logScale);
  return mass(x < h ? -Infinity : at(x - h), x > 1 - h ? Infinity : at(x + h));
};
const logisticAt = { loc: [0.3, 0.9, -0.4], logScale: [-3, -5, -1] };
const mixed = { logits: [0.5, -0.2, -0.5, 1], loc: [0.2, 0.5, 0.7, 1.1], logScale: [-3, -2, -4.5, -2] };

const logFactorial = (n: number) => Array.from({ length: n }, (_, i) => Math.log(i + 1)).reduce((a, b) => a + b, 0);
const rates = [0.4, 7, 36];
/** Γ(x + r) / (Γ(r) x!) as a product. */
const logNegativeBinomial = (x: number, m: number, r: number) =>
  Array.from({ length: x }, (_, i) => Math.log((r + i) / (i + 1))).reduce((a, b) => a + b, 0) +
  r * Math.log(r / (r + m)) +
  x * Math.log(m / (r + m));
const counts = { mean: [0.7, 60], dispersion: [0.4, 3] };
const zeros = [-1, 0.5];

/** Rows of the distributions that likelihoods are made of. */
export const likelihoodRows: readonly Row[] = [
  {
    name: 'laplace from scale',
    params: { loc: floats(centres), scale: floats(widths) },
    make: ({ loc, scale }) => laplace({ loc: loc!, scale: scale! }),
    batch: 3,
    support: pieces([-80, -20, -5, ...centres, 5, 20, 80]),
    eventShape: [],
    logProb: ([x], i) => -Math.abs(x! - centres[i]!) / widths[i]! - Math.log(2 * widths[i]!),
  },
  {
    name: 'laplace from log scale',
    params: { loc: floats([0.5], []), logScale: floats(widths.map(Math.log)) },
    make: ({ loc, logScale }) => laplace({ loc: loc!, logScale: logScale! }),
    batch: 3,
    support: pieces([-80, -20, -5, 0.5, 5, 20, 80]),
    eventShape: [],
    logProb: ([x], i) => -Math.abs(x! - 0.5) / widths[i]! - Math.log(2 * widths[i]!),
  },
  {
    name: 'continuous bernoulli',
    params: { logits: floats(tilts) },
    make: ({ logits }) => continuousBernoulli({ logits: logits! }),
    batch: 5,
    support: pieces([0, 0.1, 0.25, 0.5, 1]),
    eventShape: [],
    logProb: ([x], i) => logContinuousBernoulli(x!, tilts[i]!),
  },
  {
    name: 'ordered categorical',
    params: {
      logits: floats(
        [0, 1, 2, 3].flatMap((k) => classLogits.map((l) => l[k]!)),
        [4, 2],
      ),
    },
    make: ({ logits }) => orderedCategorical({ logits: logits! }),
    batch: 2,
    support: levels(4),
    eventShape: [],
    logProb: ([x], i) => classLogits[i]![Math.round(3 * x!)]! - logSum(classLogits[i]!.map(Math.exp)),
  },
  {
    name: 'discretised logistic',
    params: { loc: floats(logisticAt.loc), logScale: floats(logisticAt.logScale) },
    make: ({ loc, logScale }) => discretizedLogistic({ loc: loc!, logScale: logScale! }),
    batch: 3,
    support: levels(256),
    eventShape: [],
    logProb: ([x], i) => Math.log(binMass(x!, logisticAt.loc[i]!, logisticAt.logScale[i]!, 256)),
  },
  {
    name: 'mixture of discretised logistics',
    params: {
      logits: floats(mixed.logits, [2, 2]),
      loc: floats(mixed.loc, [2, 2]),
      logScale: floats(mixed.logScale, [2, 2]),
    },
    make: ({ logits, loc, logScale }) =>
      discretizedLogisticMixture({ logits: logits!, loc: loc!, logScale: logScale!, levels: 20 }),
    batch: 2,
    support: levels(20),
    eventShape: [],
    logProb: ([x], i) => {
      const weights = [mixed.logits[i]!, mixed.logits[2 + i]!].map(Math.exp);
      const masses = [i, 2 + i].map((k, j) => weights[j]! * binMass(x!, mixed.loc[k]!, mixed.logScale[k]!, 20));
      return logSum(masses) - logSum(weights);
    },
  },
  {
    name: 'poisson',
    params: { logRate: floats(rates.map(Math.log)) },
    make: ({ logRate }) => poisson({ logRate: logRate! }),
    batch: 3,
    support: whole(160),
    eventShape: [],
    withoutEntropy: true,
    logProb: ([x], i) => x! * Math.log(rates[i]!) - rates[i]! - logFactorial(x!),
  },
  {
    name: 'negative binomial',
    params: { logMean: floats(counts.mean.map(Math.log)), logDispersion: floats(counts.dispersion.map(Math.log)) },
    make: ({ logMean, logDispersion }) => negativeBinomial({ logMean: logMean!, logDispersion: logDispersion! }),
    batch: 2,
    support: whole(1200),
    eventShape: [],
    withoutEntropy: true,
    logProb: ([x], i) => logNegativeBinomial(x!, counts.mean[i]!, counts.dispersion[i]!),
  },
  {
    name: 'zero-inflated negative binomial',
    params: {
      logMean: floats(counts.mean.map(Math.log)),
      logDispersion: floats(counts.dispersion.map(Math.log)),
      zeroLogits: floats(zeros),
    },
    make: ({ logMean, logDispersion, zeroLogits }) =>
      zeroInflatedNegativeBinomial({ logMean: logMean!, logDispersion: logDispersion!, zeroLogits: zeroLogits! }),
    batch: 2,
    support: whole(1200),
    eventShape: [],
    withoutEntropy: true,
    logProb: ([x], i) => {
      const inflation = 1 / (1 + Math.exp(-zeros[i]!));
      const counted = Math.log1p(-inflation) + logNegativeBinomial(x!, counts.mean[i]!, counts.dispersion[i]!);
      return x === 0 ? Math.log(inflation + Math.exp(counted)) : counted;
    },
  },
];
