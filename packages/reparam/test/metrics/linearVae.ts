import { type HostTensor, hostTensor } from '@reparam/tensor';
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import {
  type DataMatrix,
  type GaussianOptions,
  gaussianLikelihood,
  type HostParams,
  type LatentModel,
  type LinearGaussian,
  mlp,
  sharedVarianceNormal,
  vae,
} from 'reparam';

/** A linear VAE: its optimum is probabilistic PCA (EQUATIONS: linear VAE). */
export const linearVae = (
  dataShape: readonly number[],
  latentDim: number,
  scale: GaussianOptions['scale'] = 'shared',
  initialScale = 0.25,
): LatentModel =>
  vae({
    dataShape,
    latentDim,
    encoder: mlp([]),
    decoder: mlp([]),
    likelihood: gaussianLikelihood({ scale, initialScale }),
    posterior: sharedVarianceNormal(),
  });

/**
 * Its parameters at W, m, s² and the encoder that is best for them: V = M⁻¹W', D_jj = s²/M_jj with M = W'W + s² I. `widen`
 * multiplies D.
 */
export function linearVaeParams({ mean, components, noiseVariance, latentDim }: LinearGaussian, widen = 1): HostParams {
  const weights = Matrix.from1DArray(mean.length, latentDim, components);
  const inner = weights.transpose().mmul(weights).add(Matrix.eye(latentDim).mul(noiseVariance));
  const encoder = new CholeskyDecomposition(inner).solve(weights.transpose());
  const bias = encoder.mmul(Matrix.columnVector(mean)).mul(-1);
  const tensor = (values: ArrayLike<number>, shape: readonly number[]) => hostTensor(Float64Array.from(values), shape);
  const logVariance = inner.diagonal().map((d) => Math.log((widen * noiseVariance) / d));
  return {
    encoder: {},
    posterior: {
      loc: {
        weight: tensor(encoder.to1DArray(), [latentDim, mean.length]),
        bias: tensor(bias.to1DArray(), [latentDim]),
      },
      logVariance: tensor(logVariance, [latentDim]),
    },
    prior: {},
    decoder: {},
    output: { weight: tensor(components, [mean.length, latentDim]), bias: tensor(mean, [mean.length]) },
    likelihood: { logScale: tensor([Math.log(noiseVariance) / 2], []) },
  };
}

/** The expectation over z of a linear VAE's ELBO for each row, in closed form and float64. */
export function linearVaeElbos(
  params: HostParams,
  { data, rows, columns, scale = 1 }: DataMatrix,
  fixedScale?: number,
): Float64Array {
  const at = (path: string): Float64Array =>
    Float64Array.from(
      (path.split('.').reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], params) as HostTensor)
        .data as Float32Array,
    );
  const [encoder, shift] = [at('posterior.loc.weight'), at('posterior.loc.bias')];
  const logVariance = at('posterior.logVariance');
  const [weight, bias] = [at('output.weight'), at('output.bias')];
  const noiseVariance = fixedScale === undefined ? Math.exp(2 * at('likelihood.logScale')[0]!) : fixedScale ** 2;
  const q = shift.length;
  let spread = 0;
  for (let j = 0; j < q; j++) {
    for (let i = 0; i < columns; i++) spread += weight[i * q + j]! ** 2 * Math.exp(logVariance[j]!);
  }
  const loc = new Float64Array(q);
  return Float64Array.from({ length: rows }, (_, row) => {
    loc.set(shift);
    for (let i = 0; i < columns; i++) {
      const x = data[row * columns + i]! * scale;
      if (x !== 0) for (let j = 0; j < q; j++) loc[j]! += encoder[j * columns + i]! * x;
    }
    let squares = spread;
    for (let i = 0; i < columns; i++) {
      let residual = data[row * columns + i]! * scale - bias[i]!;
      for (let j = 0; j < q; j++) residual -= weight[i * q + j]! * loc[j]!;
      squares += residual * residual;
    }
    let rate = 0;
    for (let j = 0; j < q; j++) rate += 0.5 * (loc[j]! ** 2 + Math.exp(logVariance[j]!) - 1 - logVariance[j]!);
    return -0.5 * (columns * Math.log(2 * Math.PI * noiseVariance) + squares / noiseVariance) - rate;
  });
}

export const average = (values: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total / values.length;
};
