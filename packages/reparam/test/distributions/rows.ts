import { add, type HostTensor, mul, type Tensor } from '@reparam/tensor';
import {
  bernoulli,
  Chain,
  categorical,
  type Distribution,
  independent,
  logistic,
  mixture,
  normal,
  normalTril,
} from 'reparam';
import { floats } from '../support.ts';
import { likelihoodRows } from './likelihoodRows.ts';

/** One distribution of the conformance table; every row has a batch of `batch` members. */
export interface Row {
  readonly name: string;
  readonly params: Readonly<Record<string, HostTensor>>;
  readonly make: (params: Readonly<Record<string, Tensor>>) => Distribution;
  readonly batch: number;
  /** Every event (or a grid of them), and the volume each stands for: one for all, or one for each. */
  readonly support: { readonly events: readonly (readonly number[])[]; readonly volume: number | readonly number[] };
  readonly eventShape: readonly number[];
  /** Set where the entropy has no closed form. */
  readonly withoutEntropy?: true;
  /** log p of an event for a member of the batch, written out anew. */
  readonly logProb: (event: readonly number[], member: number) => number;
}

const logNormal = (x: number, loc: number, scale: number) =>
  Math.log(Math.exp(-((x - loc) ** 2) / (2 * scale * scale)) / Math.sqrt(2 * Math.PI * scale * scale));
const logBernoulli = (x: number, logit: number) =>
  Math.log(x === 1 ? 1 / (1 + Math.exp(-logit)) : 1 / (1 + Math.exp(logit)));

const line = (from: number, to: number, n: number) => {
  const step = (to - from) / n;
  return { events: Array.from({ length: n }, (_, i) => [from + (i + 0.5) * step]), volume: step };
};
const plane = (from: number, to: number, n: number) => {
  const { events, volume } = line(from, to, n);
  return { events: events.flatMap(([a]) => events.map(([b]) => [a!, b!])), volume: volume ** 2 };
};
const bits = (n: number) => ({
  events: Array.from({ length: 2 ** n }, (_, code) => Array.from({ length: n }, (_, j) => (code >> j) & 1)),
  volume: 1,
});

const locs = [-1.5, 0.25, 2];
const scales = [0.4, 1, 1.7];
const logits = [-2, 0, 0.7];
const classLogits = [
  [0.1, -1, 2, 0.5],
  [3, 3, 3, 3],
];
const classLogProb = (x: number, l: readonly number[]) =>
  Math.log(Math.exp(l[x]!) / l.reduce((total, v) => total + Math.exp(v), 0));

/** Weights, means and scales of two mixtures of three components in the plane. */
const mixtures = {
  logits: [0.3, -1, 0.8, 0, 0, 0],
  loc: [-1, 0, 2, 1, 0.5, -2, 0, 0, 1, 1, 1.5, -1],
  scale: [0.5, 1, 0.7, 0.6, 1.2, 0.8, 1, 0.9, 0.6, 0.6, 0.8, 0.7],
};
/** Log-density of N(m, L Lᵀ) in the plane by the inverse of the covariance, for L = [[a, 0], [b, c]]. */
const logPlane = ([x, y]: readonly number[], [m, n]: readonly number[], [a, b, c]: readonly number[]) => {
  const [xx, xy, yy] = [a! * a!, a! * b!, b! * b! + c! * c!];
  const determinant = xx * yy - xy * xy;
  const [dx, dy] = [x! - m!, y! - n!];
  const quadratic = (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / determinant;
  return -0.5 * quadratic - 0.5 * Math.log(determinant) - Math.log(2 * Math.PI);
};

export const rows: readonly Row[] = [
  ...likelihoodRows,
  {
    name: 'logistic',
    params: { loc: floats(locs), scale: floats(scales) },
    make: ({ loc, scale }) => logistic({ loc: loc!, scale: scale! }),
    batch: 3,
    support: line(-70, 70, 20000),
    eventShape: [],
    logProb: ([x], i) => {
      const t = (x! - locs[i]!) / scales[i]!;
      return Math.log(1 / (4 * scales[i]! * Math.cosh(t / 2) ** 2));
    },
  },
  {
    name: 'mixture',
    params: {
      logits: floats(mixtures.logits, [2, 3]),
      loc: floats(mixtures.loc, [2, 3, 2]),
      scale: floats(mixtures.scale, [2, 3, 2]),
    },
    make: ({ logits, loc, scale }) =>
      mixture({ logits: logits!, components: independent(normal({ loc: loc!, scale: scale! })) }),
    batch: 2,
    support: plane(-10, 10, 200),
    eventShape: [2],
    withoutEntropy: true,
    logProb: ([a, b], i) => {
      const weights = mixtures.logits.slice(3 * i, 3 * i + 3).map(Math.exp);
      const total = weights.reduce((sum, w) => sum + w, 0);
      const at = (values: readonly number[], k: number, j: number) => values[(3 * i + k) * 2 + j]!;
      const densities = weights.map((w, k) => {
        const each = [a!, b!].map((x, j) => logNormal(x, at(mixtures.loc, k, j), at(mixtures.scale, k, j)));
        return (w / total) * Math.exp(each[0]! + each[1]!);
      });
      return Math.log(densities.reduce((sum, p) => sum + p, 0));
    },
  },
  {
    name: 'full covariance',
    params: {
      loc: floats([-1, 0.5, 0, 1], [2, 2]),
      scaleTril: floats([0.7, 0, -0.5, 1.1, 1.2, 0, 0.9, 0.4], [2, 2, 2]),
    },
    make: ({ loc, scaleTril }) => normalTril({ loc: loc!, scaleTril: scaleTril! }),
    batch: 2,
    support: plane(-12, 12, 400),
    eventShape: [2],
    logProb: (event, i) =>
      logPlane(
        event,
        [
          [-1, 0.5],
          [0, 1],
        ][i]!,
        [
          [0.7, -0.5, 1.1],
          [1.2, 0.9, 0.4],
        ][i]!,
      ),
  },
  {
    name: 'full covariance from its diagonal and what lies below',
    params: {
      loc: floats([-1, 0.5], [1, 2]),
      logDiagonal: floats([Math.log(0.7), Math.log(1.1)], [1, 2]),
      belowDiagonal: floats([5, 6, -0.5, 7], [1, 2, 2]),
    },
    make: ({ loc, logDiagonal, belowDiagonal }) =>
      normalTril({ loc: loc!, logDiagonal: logDiagonal!, belowDiagonal: belowDiagonal! }),
    batch: 1,
    support: plane(-12, 12, 400),
    eventShape: [2],
    logProb: (event) => logPlane(event, [-1, 0.5], [0.7, -0.5, 1.1]),
  },
  {
    // a ~ N(m, s²), b given a ~ N(0.8 a + 1, 0.5²); a value is (b, a).
    name: 'chain',
    params: { loc: floats([-1, 0.5], [2, 1]), scale: floats([0.7, 1.2], [2, 1]) },
    make: ({ loc, scale }) =>
      new Chain({
        first: independent(normal({ loc: loc!, scale: scale! })),
        second: (a) => independent(normal({ loc: add(mul(a, 0.8), 1), scale: mul(add(mul(a, 0), 1), 0.5) })),
        sizes: [1, 1],
        firstPart: 1,
      }),
    batch: 2,
    support: plane(-10, 10, 250),
    eventShape: [2],
    withoutEntropy: true,
    logProb: ([b, a], i) => logNormal(a!, [-1, 0.5][i]!, [0.7, 1.2][i]!) + logNormal(b!, 0.8 * a! + 1, 0.5),
  },
  {
    name: 'normal from scale',
    params: { loc: floats(locs), scale: floats(scales) },
    make: ({ loc, scale }) => normal({ loc: loc!, scale: scale! }),
    batch: 3,
    support: line(-16, 16, 1600),
    eventShape: [],
    logProb: ([x], i) => logNormal(x!, locs[i]!, scales[i]!),
  },
  {
    name: 'normal from log scale',
    params: { loc: floats(locs), logScale: floats(scales.map(Math.log)) },
    make: ({ loc, logScale }) => normal({ loc: loc!, logScale: logScale! }),
    batch: 3,
    support: line(-16, 16, 1600),
    eventShape: [],
    logProb: ([x], i) => logNormal(x!, locs[i]!, scales[i]!),
  },
  {
    name: 'normal from log variance',
    params: { loc: floats(locs), logVariance: floats(scales.map((s) => 2 * Math.log(s))) },
    make: ({ loc, logVariance }) => normal({ loc: loc!, logVariance: logVariance! }),
    batch: 3,
    support: line(-16, 16, 1600),
    eventShape: [],
    logProb: ([x], i) => logNormal(x!, locs[i]!, scales[i]!),
  },
  {
    name: 'normal, one scale for all',
    params: { loc: floats(locs), scale: floats([0.8], []) },
    make: ({ loc, scale }) => normal({ loc: loc!, scale: scale! }),
    batch: 3,
    support: line(-12, 12, 1200),
    eventShape: [],
    logProb: ([x], i) => logNormal(x!, locs[i]!, 0.8),
  },
  {
    name: 'normal, one mean for all',
    params: { loc: floats([0.5], []), scale: floats(scales) },
    make: ({ loc, scale }) => normal({ loc: loc!, scale: scale! }),
    batch: 3,
    support: line(-16, 16, 1600),
    eventShape: [],
    logProb: ([x], i) => logNormal(x!, 0.5, scales[i]!),
  },
  {
    name: 'bernoulli',
    params: { logits: floats(logits) },
    make: ({ logits }) => bernoulli({ logits: logits! }),
    batch: 3,
    support: bits(1),
    eventShape: [],
    logProb: ([x], i) => logBernoulli(x!, logits[i]!),
  },
  {
    name: 'categorical',
    params: { logits: floats(classLogits.flat(), [2, 4]) },
    make: ({ logits }) => categorical({ logits: logits! }),
    batch: 2,
    support: { events: [[0], [1], [2], [3]], volume: 1 },
    eventShape: [],
    logProb: ([x], i) => classLogProb(x!, classLogits[i]!),
  },
  {
    name: 'independent normals',
    params: { loc: floats([-1, 0.5, 0, 1], [2, 2]), scale: floats([0.7, 1.2, 0.5, 1], [2, 2]) },
    make: ({ loc, scale }) => independent(normal({ loc: loc!, scale: scale! })),
    batch: 2,
    support: plane(-10, 10, 200),
    eventShape: [2],
    logProb: ([a, b], i) =>
      i === 0 ? logNormal(a!, -1, 0.7) + logNormal(b!, 0.5, 1.2) : logNormal(a!, 0, 0.5) + logNormal(b!, 1, 1),
  },
  {
    name: 'independent normals, one scale for all',
    params: { loc: floats([-1, 0.5, 0, 1], [2, 2]), scale: floats([0.9], []) },
    make: ({ loc, scale }) => independent(normal({ loc: loc!, scale: scale! })),
    batch: 2,
    support: plane(-10, 10, 200),
    eventShape: [2],
    logProb: ([a, b], i) => logNormal(a!, [-1, 0][i]!, 0.9) + logNormal(b!, [0.5, 1][i]!, 0.9),
  },
  {
    name: 'independent bernoullis',
    params: { logits: floats([...logits, 1, 2, -0.3], [2, 3]) },
    make: ({ logits }) => independent(bernoulli({ logits: logits! })),
    batch: 2,
    support: bits(3),
    eventShape: [3],
    logProb: (event, i) => event.reduce((t, x, j) => t + logBernoulli(x, (i ? [1, 2, -0.3] : logits)[j]!), 0),
  },
  {
    name: 'independent bernoullis over two axes',
    params: { logits: floats([-2, 0, 0.7, 1, 0.2, -0.4, 3, -1], [2, 2, 2]) },
    make: ({ logits }) => independent(bernoulli({ logits: logits! }), 2),
    batch: 2,
    support: bits(4),
    eventShape: [2, 2],
    logProb: (event, i) =>
      event.reduce((t, x, j) => t + logBernoulli(x, [-2, 0, 0.7, 1, 0.2, -0.4, 3, -1][4 * i + j]!), 0),
  },
];
