import { ReparamError } from '@reparam/tensor';
import {
  type DataMatrix,
  estimate,
  freeEnergies,
  isEnumerable,
  logPartition,
  pseudoLogLikelihoods,
  type RbmConfig,
  sampleRbm,
} from 'reparam';
import type { DensityFigure, DensityModel, DensityParams } from './densityModel.ts';

function open(config: RbmConfig, params: DensityParams, at: string): DensityModel {
  const { weight, visibleBias, hiddenBias } = params;
  const [hidden, visible] = weight?.shape ?? [];
  if (hidden !== config.hidden || visibleBias?.shape[0] !== visible || hiddenBias?.shape[0] !== hidden) {
    throw new ReparamError('data', 'the file does not belong to this run: no such machine', {
      got: Object.entries(params)
        .map(([name, { shape }]) => `${name} [${shape.join(', ')}]`)
        .join(', '),
      expected: `weight, visibleBias and hiddenBias of ${config.hidden} hidden units`,
      at,
    });
  }
  let logZ: number | undefined;
  const likelihood = (data: DataMatrix): DensityFigure[] => {
    if (!isEnumerable(params)) return [];
    logZ ??= logPartition(params);
    const exact = freeEnergies(params, data).map((energy) => -energy - logZ!);
    const meaning = `exact: log Z = ${logZ.toFixed(4)} by enumeration; higher is better`;
    return [{ key: 'logLikelihood', name: 'log-likelihood, exact', ...estimate(exact), meaning }];
  };
  return {
    params,
    quantity: 'probability',
    describe: () => ({
      density: `Bernoulli restricted Boltzmann machine, ${visible} visible and ${hidden} hidden units`,
      training: `CD-${config.sweeps}`,
    }),
    evaluate: (data) => [
      ...likelihood(data),
      {
        key: 'pseudoLogLikelihood',
        name: 'pseudo-log-likelihood',
        ...estimate(pseudoLogLikelihoods(params, data)),
        meaning: 'Σ log p(v_i | all others): no log-likelihood, compares machines only',
      },
    ],
    async sample(count, seed, { runtime, signal }) {
      const { v, mean } = await sampleRbm(params, count, {
        runtime: await runtime(),
        seed,
        sweeps: config.sampleSweeps,
        signal,
      });
      const values = (data: unknown) => Float32Array.from(data as Float32Array);
      return { x: values(v.data), mean: values(mean.data) };
    },
    picture: {
      title: 'Filters',
      caption: 'Weights of the hidden units, each scaled to its own range.',
      rows: rescaleRows(weight!.data as Float32Array, visible!),
    },
  };
}

/** Every row mapped to [0, 1]. */
function rescaleRows(data: Float32Array, width: number): Float32Array {
  const out = Float32Array.from(data);
  for (let start = 0; start < out.length; start += width) {
    const row = out.subarray(start, start + width);
    const [low, high] = [Math.min(...row), Math.max(...row)];
    for (let i = 0; i < width; i++) row[i] = (row[i]! - low) / (high - low || 1);
  }
  return out;
}

/** Restricted Boltzmann machines as runs of the command. */
export const rbmKind = {
  open,
  /** One line: what is followed. */
  describe: ({ hidden, sweeps }: RbmConfig): string =>
    `log p(v) of a restricted Boltzmann machine with ${hidden} hidden units, along the gradient of CD-${sweeps}`,
};
