import type { DataMatrix } from '../../classical/index.ts';
import type { Factors } from '../../data/index.ts';
import { type FactorScore, topGaps } from './gap.ts';
import { type FactorInformation, mutualInformation } from './mutualInformation.ts';

/**
 * Mutual information gap (Chen et al. 2018): for each factor the gap between the two dimensions that tell most of it, as a
 * share of the factor's entropy. On point codes cut into bins, as in Locatello et al. 2019.
 */
export function mutualInformationGap(
  codes: DataMatrix,
  factors: Factors,
  options: { readonly bins?: number } = {},
): FactorScore & FactorInformation {
  const told = mutualInformation(codes, factors, options);
  const shares = told.information.map((nats, at) => nats / told.entropies[Math.floor(at / told.dim)]!);
  return { ...topGaps(shares, told.dim), ...told };
}
