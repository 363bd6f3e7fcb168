import type { Evaluation, LatentModel } from 'reparam';
import type { LabelFigures } from '../labels/classify.ts';
import { labelJson, labelRows } from '../labels/figures.ts';
import { columns, withError } from '../terminal/format.ts';

/** An evaluation as `--json` prints it: log-probabilities, nats an example. */
export function testJson(evaluation: Evaluation, labels?: LabelFigures): Record<string, unknown> {
  const { elbo, rate, distortion, logLikelihood, numSamples, numExamples, activeUnits, klPerDimension } = evaluation;
  const { bound } = evaluation;
  return {
    ...(bound === 'none' && {
      reconstructionLogLikelihood: elbo.value,
      reconstructionLogLikelihoodStandardError: elbo.standardError,
    }),
    ...(bound !== 'none' && {
      elbo: elbo.value,
      elboStandardError: elbo.standardError,
      rate: rate.value,
      rateStandardError: rate.standardError,
    }),
    distortion: distortion.value,
    distortionStandardError: distortion.standardError,
    logLikelihood: logLikelihood?.value,
    logLikelihoodStandardError: logLikelihood?.standardError,
    ...(bound === 'lower' && { numSamples }),
    numExamples,
    bound,
    ...(evaluation.bitsPerDimension && {
      bitsPerDimension: evaluation.bitsPerDimension.value,
      bitsPerDimensionStandardError: evaluation.bitsPerDimension.standardError,
    }),
    quantity: evaluation.quantity,
    ...(evaluation.figures && { figures: evaluation.figures }),
    activeUnits,
    collapsedDimensions: evaluation.collapsedDimensions,
    klPerDimension,
    ...(labels && { classification: labelJson(labels) }),
  };
}

/** An evaluation as a table for people; `isLikelihood` is false where the figures are not likelihoods of any data. */
export function testTable(
  evaluation: Evaluation,
  { latentDim, conditionSize }: Pick<LatentModel, 'latentDim' | 'conditionSize'>,
  isLikelihood: boolean,
  labels?: LabelFigures,
): string {
  const { elbo, rate, distortion, logLikelihood, numSamples, numExamples, activeUnits } = evaluation;
  const { bitsPerDimension, quantity, bound } = evaluation;
  const row = (name: string, { value, standardError }: { value: number; standardError: number }) => [
    name,
    withError(value, standardError),
    'nats/example',
  ];
  return columns(
    [
      ...{
        none: () => [row('reconstruction log-likelihood (no bound on log p(x))', elbo)],
        exact: () => [row(exactName(evaluation), elbo)],
        lower: () => [row('ELBO', elbo), row('rate', rate), row('distortion', distortion)],
      }[bound](),
      ...(logLikelihood && bound === 'lower' ? [row(likelihoodName(numSamples, isLikelihood), logLikelihood)] : []),
      ...Object.entries(evaluation.figures ?? {}).map(([name, figure]) => row(ownFigure(name).name, figure)),
      ...(bitsPerDimension
        ? [['bits per dimension', withError(bitsPerDimension.value, bitsPerDimension.standardError), 'bits/value']]
        : []),
      ...(quantity === 'density' ? [['figures', 'densities', 'depend on the scale of the data']] : []),
      ...(conditionSize === undefined || evaluation.figures?.classRate
        ? []
        : [['figures', 'of x given the condition c', '']]),
      ...(bound === 'exact' ? [] : [['active units', `${activeUnits} of ${latentDim}`, '']]),
      ['examples', numExamples.toLocaleString('en-US'), ''],
      ...(labels ? labelRows(labels) : []),
    ],
    '  ',
  );
}

/** Of pixels with noise, a flow's figure is that of the density: exact as such, and a lower bound for the pixels themselves. */
export const exactName = ({ figures }: Pick<Evaluation, 'figures'>): string =>
  figures?.logitLogLikelihood ? 'log-likelihood, dequantised' : 'log-likelihood, exact';

/** What a model's own figures are called, and what they mean. */
const ownFigures: Readonly<Record<string, { readonly name: string; readonly meaning: string }>> = {
  logitLogLikelihood: { name: 'log-density of the logits', meaning: 'per example, of the values the flow is about' },
  unitLogLikelihood: { name: 'log-density of values in [0, 1]', meaning: 'per example, of pixels with uniform noise' },
  classRate: { name: 'part of the rate about the class y', meaning: 'KL(q(y|x) ‖ p(y))' },
  elboGivenClass: { name: 'ELBO given y', meaning: 'lower bound on log p(x|y), y the label; higher is better' },
  logLikelihoodGivenClass: {
    name: 'log-likelihood given y',
    meaning: 'importance-sampled log p(x|y); higher is better',
  },
};

/** The same of the figure called `key`, which has its own name where it is not known. */
export const ownFigure = (key: string): { readonly name: string; readonly meaning?: string } =>
  ownFigures[key] ?? { name: key };

/** What the importance-sampled figure is called. */
export const likelihoodName = (numSamples: number, isLikelihood: boolean): string =>
  `${isLikelihood ? 'log-likelihood' : 'importance-weighted bound (no likelihood)'}, ${numSamples} samples`;
