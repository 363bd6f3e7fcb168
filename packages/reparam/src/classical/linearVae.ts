import { type HostTensor, hostTensor } from '@reparam/tensor';
import { Matrix } from 'ml-matrix';
import type { ParamTree } from '../params.ts';
import type { LinearGaussian } from './linearGaussian.ts';
import { linearPosterior } from './ppcaEm.ts';

/**
 * The parameters at which a linear VAE (no hidden layers, shared-variance posterior, Gaussian likelihood) is the model
 * with the best such encoder: V = M⁻¹W', D_jj = s²/M_jj. Its ELBO then is `model.elbo`, and log p(x) itself where W'W is
 * diagonal, as in probabilistic PCA. A likelihood of fixed scale has no `likelihood.logScale`: `learnedScale` false leaves
 * it out.
 */
export function linearVaeParams(model: LinearGaussian, learnedScale = true): ParamTree<HostTensor> {
  const { mean, components, noiseVariance, latentDim } = model;
  const width = mean.length;
  const { encoder } = linearPosterior(model);
  const bias = encoder.mmul(Matrix.columnVector(mean)).mul(-1);
  const tensor = (values: ArrayLike<number>, shape: readonly number[]) => hostTensor(Float32Array.from(values), shape);
  const logVariance = Array.from({ length: latentDim }, (_, k) => {
    let square = noiseVariance;
    for (let j = 0; j < width; j++) square += components[j * latentDim + k]! ** 2;
    return Math.log(noiseVariance / square);
  });
  return {
    encoder: {},
    posterior: {
      loc: { weight: tensor(encoder.to1DArray(), [latentDim, width]), bias: tensor(bias.to1DArray(), [latentDim]) },
      logVariance: tensor(logVariance, [latentDim]),
    },
    prior: {},
    decoder: {},
    output: { weight: tensor(components, [width, latentDim]), bias: tensor(mean, [width]) },
    likelihood: learnedScale ? { logScale: tensor([Math.log(noiseVariance) / 2], []) } : {},
  };
}
