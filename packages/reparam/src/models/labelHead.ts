import { foldIn, hostTensor, logMeanExp, ReparamError, slice, sub } from '@reparam/tensor';
import { type LabelKind, logOutcomes } from '../distributions/labelOutcomes.ts';
import { type ActivationName, linear, mlp, sequential } from '../nn/index.ts';
import { branch } from '../params.ts';
import type { LabelPrediction, LatentModel } from './latentModel.ts';

/** How labels depend on a code. */
export interface LabelHeadOptions {
  /** Classes of the one label (categorical), or labels that are each 0 or 1 (bernoulli). */
  readonly numLabels: number;
  /** Default categorical. */
  readonly kind?: LabelKind | undefined;
  /** Hidden layers between code and logits; default none: W z + b. */
  readonly hidden?: readonly number[] | undefined;
  /** Of those; default relu. */
  readonly activation?: ActivationName | undefined;
  /** Draws of z whose probabilities are averaged for the prediction of an example; default 10. */
  readonly numSamples?: number | undefined;
}

/**
 * `model` with a prediction of labels from the code: p(y given z) = softmax(W z + b), or a sigmoid for each label (the head of
 * a prediction-constrained VAE, Hope et al. 2020). The label enters neither encoder nor decoder. `labels.logits` are those of
 * the mean of p(y given z) over `numSamples` draws of z from q(z given x). Parameters: `labels/head`, and
 * `labels/buffers/multiplier`, which dual ascent keeps there. Throws `unsupported` for a conditional model.
 * @example withLabelHead(vae({ dataShape: [28, 28], latentDim: 50, encoder, decoder }), { numLabels: 10 })
 */
export function withLabelHead(model: LatentModel, options: LabelHeadOptions): LatentModel {
  const { numLabels, kind = 'categorical', hidden = [], activation = 'relu', numSamples = 10 } = options;
  check(model, options);
  const { latentDim } = model;
  const output = linear(numLabels);
  const head = hidden.length === 0 ? output : sequential([mlp(hidden, { activation }), output]);
  const fromCode: NonNullable<LabelPrediction['fromCode']> = (params, z, context) =>
    head.apply(branch(branch(params, 'labels'), 'head'), z, context.child('labels'));
  return {
    ...model,
    init: (key, initOptions) => ({
      ...model.init(key, initOptions),
      labels: {
        head: head.init(foldIn(key, 'labels'), [latentDim]),
        buffers: { multiplier: hostTensor(new Float32Array(1), []) },
      },
    }),
    labels: {
      numLabels,
      kind,
      fromCode,
      logits(params, x, context) {
        const z = model.encode(params, x, context).rsample(context.site('labels/z'), [numSamples]);
        const outcomes = logMeanExp(logOutcomes(fromCode(params, z, context), kind), { axes: 0 });
        if (kind === 'categorical') return outcomes;
        return sub(slice(outcomes, -1, 0, numLabels), slice(outcomes, -1, numLabels, 2 * numLabels));
      },
    },
    describe: () => ({
      ...model.describe(),
      labels: `${kind}, ${numLabels} from z: ${head.describe([latentDim])}; ${numSamples} draws`,
    }),
  };
}

function check({ conditionSize }: LatentModel, options: LabelHeadOptions): void {
  const { numLabels, kind = 'categorical', numSamples = 10 } = options;
  if (conditionSize !== undefined) {
    throw new ReparamError('unsupported', 'labels are predicted from the code of an unconditional model', {
      got: `a model given ${conditionSize} values beside each example`,
      fix: 'Leave the condition out',
    });
  }
  if (kind !== 'categorical' && kind !== 'bernoulli') {
    throw new ReparamError('config', 'kind of labels', { got: String(kind), expected: 'categorical or bernoulli' });
  }
  const least = kind === 'categorical' ? 2 : 1;
  if (!(Number.isInteger(numLabels) && numLabels >= least)) {
    throw new ReparamError('config', 'numLabels', {
      got: String(numLabels),
      expected: `a whole number, ${least} or more`,
    });
  }
  if (!(Number.isInteger(numSamples) && numSamples >= 1)) {
    throw new ReparamError('config', 'numSamples of labels', {
      got: String(numSamples),
      expected: 'a positive integer',
    });
  }
}
