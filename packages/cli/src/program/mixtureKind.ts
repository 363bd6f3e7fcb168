import { type HostTensor, hostTensor, ReparamError } from '@reparam/tensor';
import {
  type DataMatrix,
  estimate,
  fitMixture,
  type MixtureConfig,
  type MixtureCovariance,
  type MixtureParams,
  mixtureOfGaussians,
} from 'reparam';
import type { DensityModel, DensityParams } from './densityModel.ts';

/** Most dimensions whose covariances are full unless asked for. */
const fullLimit = 100;

const covarianceOf = ({ covariance }: MixtureConfig, width: number): MixtureCovariance =>
  covariance ?? (width > fullLimit ? 'diagonal' : 'full');

function toTensors({ weights, means, cholesky, covariance }: MixtureParams): DensityParams {
  const [k, width] = [weights.length, means.length / weights.length];
  const tensor = (values: Float64Array, shape: readonly number[]) => hostTensor(Float32Array.from(values), shape);
  return {
    weights: tensor(weights, [k]),
    means: tensor(means, [k, width]),
    cholesky: tensor(cholesky, covariance === 'full' ? [k, width, width] : [k, width]),
  };
}

function open(config: MixtureConfig, params: DensityParams, at: string): DensityModel {
  const { weights, means, cholesky } = params;
  const shape = means?.shape ?? [];
  const isFull = cholesky?.shape.length === 3;
  const wanted = [shape[0], shape[1], ...(isFull ? [shape[1]] : [])];
  if (!weights || shape.length !== 2 || shape[0] !== config.components || String(cholesky?.shape) !== String(wanted)) {
    throw new ReparamError('data', 'the file does not belong to this run: no such mixture', {
      got: Object.entries(params)
        .map(([name, { shape: s }]) => `${name} [${s.join(', ')}]`)
        .join(', '),
      expected: `weights, means and cholesky of ${config.components} components`,
      at,
    });
  }
  const numbers = ({ data }: HostTensor) => Float64Array.from(data as Float32Array);
  const mixture = mixtureOfGaussians({
    covariance: isFull ? 'full' : 'diagonal',
    weights: numbers(weights),
    means: numbers(means!),
    cholesky: numbers(cholesky!),
  });
  const order = [...mixture.weights.keys()].sort((a, b) => mixture.weights[b]! - mixture.weights[a]!);
  return {
    params,
    quantity: 'density',
    describe: () => ({
      density: `mixture of ${mixture.numComponents} Gaussians in ${mixture.width} dimensions, ${mixture.covariance} covariances`,
      'variance floor': String(config.varianceFloor),
    }),
    evaluate: (data) => [
      {
        key: 'logLikelihood',
        name: 'log-likelihood, exact',
        ...estimate(mixture.logProb(data)),
        meaning: 'exact log-density; depends on the unit of x and on the variance floor; higher is better',
      },
    ],
    sample: async (count, seed) => ({ x: Float32Array.from(mixture.sample(count, seed)) }),
    picture: {
      title: 'Means',
      caption: 'Means of the components, the heaviest first.',
      rows: Float32Array.from(
        order.flatMap((k) => [...mixture.means.subarray(k * mixture.width, (k + 1) * mixture.width)]),
      ),
    },
  };
}

/** Mixtures of Gaussians as runs of the command. */
export const mixtureKind = {
  open,
  /** One line: exactly what is maximised. */
  describe: (config: MixtureConfig, width: number): string =>
    `log Σ_k π_k N(x; m_k, S_k) over ${config.components} components with ${covarianceOf(config, width)} covariances, by expectation maximisation; no eigenvalue of S_k below ${config.varianceFloor}`,
  /** Fits; `onIteration` sees every bound. */
  fit(
    config: MixtureConfig,
    data: DataMatrix,
    training: { readonly seed: number; readonly epochs: number },
    onIteration: (iteration: number, bound: number) => void,
  ): DensityParams {
    const { components, varianceFloor, tolerance } = config;
    const { seed, epochs: maxIterations } = training;
    const covariance = covarianceOf(config, data.columns);
    return toTensors(
      fitMixture(data, { components, covariance, varianceFloor, tolerance, seed, maxIterations, onIteration }),
    );
  },
};
