import type { HostTensor } from '@reparam/tensor';
import { Matrix, QrDecomposition, SingularValueDecomposition } from 'ml-matrix';
import { type LinearGaussian, linearGaussian } from '../classical/index.ts';
import { branch, type HostParams } from '../params.ts';

/** The linear-Gaussian density of a linear VAE's decoder, whose figures are exact; `scale`: σ where it is no parameter. */
export function linearDecoder(params: HostParams, scale?: number): LinearGaussian {
  const { weight, bias } = branch(params, 'output') as Record<'weight' | 'bias', HostTensor>;
  const { logScale } = branch(params, 'likelihood') as { logScale?: HostTensor };
  return linearGaussian({
    mean: Float64Array.from(bias.data as Float32Array),
    components: Float64Array.from(weight.data as Float32Array),
    noiseVariance: scale === undefined ? Math.exp(2 * Number(logScale!.data[0])) : scale ** 2,
  });
}

/** Principal angles in degrees between the column spaces of A and B, both row-major [D, q], the smallest first. */
export function principalAngles(a: ArrayLike<number>, b: ArrayLike<number>, width: number): Float64Array {
  const basis = (values: ArrayLike<number>) =>
    new QrDecomposition(Matrix.from1DArray(width, values.length / width, Array.from(values))).orthogonalMatrix;
  const { diagonal } = new SingularValueDecomposition(basis(a).transpose().mmul(basis(b)));
  return Float64Array.from(diagonal, (cosine) => (Math.acos(Math.min(1, cosine)) * 180) / Math.PI).sort();
}
