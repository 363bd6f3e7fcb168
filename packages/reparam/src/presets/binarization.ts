import { ReparamError } from '@reparam/tensor';
import { type AnyDataset, type Binarization, requireSupport, valueKind } from '../data/index.ts';
import type { Support } from '../likelihoods/index.ts';
import { buildLikelihood } from './build/likelihood.ts';
import type { LikelihoodConfig } from './config.ts';

/** What a Bernoulli likelihood on grey values is not. */
export const greyWarning =
  'Bernoulli likelihood on grey values: a training loss, not the likelihood of any data. Its figures are not negative log-likelihoods and compare with nothing measured on binary data';

const bitsWarning = 'Density on binarised values: its figures are densities at points, without an upper bound';

/**
 * How the values of `data` reach a likelihood. Left open: bits stay as they are, grey values are binarised anew at every
 * presentation for a Bernoulli likelihood, and nothing is binarised for any other. A Bernoulli likelihood on grey values needs
 * `none` by name and is warned about. Values outside the support of the likelihood are refused with a `data` error, bits for a
 * likelihood of other values with a `config` error.
 */
export function chooseBinarization(
  likelihood: LikelihoodConfig,
  data: AnyDataset,
  wanted?: Binarization,
): { binarization: Binarization; warnings: string[] } {
  const { support, description } = buildLikelihood(likelihood);
  if (support !== 'binary') return unbinarized(support, description, data, wanted);
  const kind = valueKind(data);
  if (kind === 'real') {
    const { range, scale } = data;
    throw new ReparamError('data', 'a Bernoulli likelihood needs values in [0, 1]', {
      got: `values from ${range.min * scale} to ${range.max * scale}`,
      expected: 'values in [0, 1]',
      fix: 'Use a Gaussian likelihood ({"kind": "gaussian", "scale": "shared"}), or rescale the data',
      at: data.name,
    });
  }
  const binarization = wanted ?? (kind === 'binary' ? 'none' : 'dynamic');
  return { binarization, warnings: kind === 'unit' && binarization === 'none' ? [greyWarning] : [] };
}

function unbinarized(
  support: Exclude<Support, 'binary'>,
  description: string,
  data: AnyDataset,
  wanted?: Binarization,
) {
  const binarization = wanted ?? 'none';
  if (support === 'real') return { binarization, warnings: binarization === 'none' ? [] : [bitsWarning] };
  if (binarization !== 'none') {
    throw new ReparamError('config', `a ${description} likelihood is not for bits`, {
      got: `data.binarization = ${binarization}`,
      expected: 'none',
      fix: 'Use a Bernoulli likelihood, or leave data.binarization out',
    });
  }
  requireSupport(data, support, description);
  return { binarization, warnings: [] };
}
