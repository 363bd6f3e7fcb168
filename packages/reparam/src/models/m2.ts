import { constant, foldIn, hostTensor, logSoftmax, ReparamError, sizeOf } from '@reparam/tensor';
import { type LinearOptions, linear, type Module, sequential } from '../nn/index.ts';
import { branch } from '../params.ts';
import { standardNormal } from '../priors/index.ts';
import { type CvaeOptions, cvae } from './cvae.ts';
import type { LatentModel } from './latentModel.ts';

/** The parts of M2: those of a conditional VAE, and the network that tells the class. */
export interface M2Options extends Omit<CvaeOptions, 'conditionSize'> {
  readonly numClasses: number;
  /** From the flattened example to the features that q(y given x) is told by. */
  readonly classifier: Module;
  /** How the layer behind it starts. */
  readonly classifierOutput?: LinearOptions;
  /** p(y); default uniform. */
  readonly classPrior?: readonly number[] | undefined;
}

/**
 * M2 (Kingma et al. 2014): p(y) p(z) p(x given y, z), inferred by q(y given x) q(z given x, y). A conditional VAE given the
 * class, which is itself told from the example where it is not known: the objective `m2` trains it, and figures without
 * labels sum the class out.
 * @example m2({ dataShape: [28, 28], latentDim: 50, numClasses: 10, encoder: mlp([500]), decoder: mlp([500]), classifier: mlp([500]) })
 */
export function m2({ numClasses, classifier, classifierOutput, classPrior, ...options }: M2Options): LatentModel {
  const logPrior = logProbs(numClasses, classPrior);
  const base = cvae({ prior: standardNormal(), ...options, conditionSize: numClasses });
  const network = sequential([classifier, linear(numClasses, classifierOutput)]);
  const dataSize = sizeOf(options.dataShape);
  return {
    ...base,
    init: (key, init) => ({
      ...base.init(key, init),
      classifier: network.init(foldIn(key, 'classifier'), [dataSize]),
    }),
    labels: {
      numLabels: numClasses,
      kind: 'categorical',
      logits: (params, x, context) =>
        logSoftmax(network.apply(branch(params, 'classifier'), x, context.child('classifier'))),
      logPrior: () => constant(hostTensor(logPrior, [numClasses])),
    },
    describe() {
      const parts = base.describe();
      return { ...parts, encoder: `${parts.encoder}; q(y|x): ${network.describe([dataSize])}` };
    },
  };
}

function logProbs(numClasses: number, classPrior?: readonly number[]): Float64Array {
  if (!Number.isInteger(numClasses) || numClasses < 1) {
    throw new ReparamError('config', 'number of classes', { got: String(numClasses), expected: 'a positive integer' });
  }
  const probs = classPrior ?? new Array<number>(numClasses).fill(1 / numClasses);
  const total = probs.reduce((a, b) => a + b, 0);
  if (probs.length !== numClasses || !probs.every((p) => p > 0) || !(Math.abs(total - 1) < 1e-6)) {
    throw new ReparamError('config', 'prior of the classes', {
      got: `[${probs.join(', ')}]`,
      expected: `${numClasses} positive numbers that sum to 1`,
    });
  }
  return Float64Array.from(probs, (p) => Math.log(p));
}
