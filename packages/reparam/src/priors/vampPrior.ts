import {
  broadcastTo,
  constant,
  foldIn,
  type HostTensor,
  hostTensor,
  normalArray,
  ReparamError,
  sigmoid,
  softplus,
  type Tensor,
} from '@reparam/tensor';
import { Delta, mixture } from '../distributions/index.ts';
import type { Support } from '../likelihoods/index.ts';
import { leaf } from '../params.ts';
import { needCount } from './needCount.ts';
import type { Prior, PriorInit } from './prior.ts';

/** Options of the VampPrior. */
export interface VampPriorOptions {
  /** Their number, or where they start: examples [K, dataSize] in the model's units. */
  readonly pseudoInputs?: number | HostTensor;
  /** What the likelihood is a distribution over: pseudo-inputs stay inside; default binary. */
  readonly support?: Support;
}

/**
 * (1/K) Σ_k q(z given u_k), the encoder's posterior averaged over K learned pseudo-inputs u_k (Tomczak and Welling 2018).
 * They start at the data's mean with noise of scale 1 before they are squashed into the support, unless examples are given.
 */
export function vampPrior({ pseudoInputs = 500, support = 'binary' }: VampPriorOptions = {}): Prior {
  const count = typeof pseudoInputs === 'number' ? pseudoInputs : pseudoInputs.shape[0]!;
  needCount('pseudo-inputs of the VampPrior', count);
  const { squash, unsquash } = squashes[support];
  return {
    description: `VampPrior: q(z|u) averaged over ${count} learned pseudo-inputs u`,
    init(key, _, options) {
      refuseCondition(options);
      const { dataSize, dataMean } = options;
      if (typeof pseudoInputs !== 'number') return { pseudoInputs: fromExamples(pseudoInputs, dataSize, unsquash) };
      const noise = normalArray(foldIn(key, 'pseudoInputs'), count * dataSize);
      const start = noise.map((value, i) => value + unsquash(dataMean ? dataMean[i % dataSize]! : squash0[support]));
      return { pseudoInputs: hostTensor(start, [count, dataSize]) };
    },
    distribution(params, _, __, encode) {
      const components = encode(squash(leaf(params, 'pseudoInputs')));
      if (components instanceof Delta) {
        throw new ReparamError('unsupported', 'a VampPrior needs the density of the posterior', {
          got: 'point masses',
          expected: 'a posterior that is a density: diagonal, full-covariance',
        });
      }
      return mixture({ logits: broadcastTo(constant(0), [count]), components });
    },
  };
}

/** Values of each support as functions of real numbers, and back. */
const squashes: Record<Support, { squash: (t: Tensor) => Tensor; unsquash: (value: number) => number }> = {
  binary: { squash: sigmoid, unsquash: logit },
  unit: { squash: sigmoid, unsquash: logit },
  byte: { squash: sigmoid, unsquash: logit },
  count: { squash: softplus, unsquash: (value) => Math.log(Math.expm1(Math.max(value, 1e-2))) },
  real: { squash: (t) => t, unsquash: (value) => value },
};

/** Where a value of unknown mean starts. */
const squash0: Record<Support, number> = { binary: 0.5, unit: 0.5, byte: 0.5, count: 1, real: 0 };

function logit(value: number): number {
  const inside = Math.min(Math.max(value, 0.01), 0.99);
  return Math.log(inside / (1 - inside));
}

function fromExamples({ shape, data }: HostTensor, dataSize: number, unsquash: (value: number) => number): HostTensor {
  if (shape.length !== 2 || shape[1] !== dataSize) {
    throw new ReparamError('shape', 'pseudo-inputs of the VampPrior', {
      got: `[${shape.join(', ')}]`,
      expected: `[K, ${dataSize}], a row an example`,
    });
  }
  return hostTensor(Float32Array.from(data as Float32Array, unsquash), shape);
}

function refuseCondition({ conditionSize }: PriorInit): void {
  if (conditionSize === undefined) return;
  throw new ReparamError('unsupported', 'a VampPrior of a conditional model', {
    got: 'an encoder that needs a condition, which pseudo-inputs have none of',
    expected: 'an unconditional model, or another prior',
    fix: 'Use the conditional prior p(z|c)',
  });
}
