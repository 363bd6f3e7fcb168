import type { Tensor } from '@reparam/tensor';
import { type Distribution, Independent } from '../distributions/index.ts';

/** log p of each value of an event [..., D], whose sum is `logProb`; undefined where the values are not independent. */
export const perValueLogProb = (d: Distribution, x: Tensor): Tensor | undefined =>
  d instanceof Independent && d.rank === 1 && d.base.eventRank === 0 ? d.base.logProb(x) : undefined;
