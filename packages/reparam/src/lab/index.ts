export { type AmortisationGap, type AmortisationOptions, amortisationGap } from './amortisation.ts';
export { type AscentProblem, type AscentStep, alternatingAscent } from './ascent.ts';
export { type BoundRung, type BoundsOptions, boundsLadder } from './bounds.ts';
export { type Collapse, type CollapseLab, type CollapseOptions, collapse } from './collapse.ts';
export {
  clusters,
  type EmComparison,
  type EmComparisonOptions,
  type EmPicture,
  emOnMixture,
  emOnPpca,
  emPicture,
} from './em.ts';
export { type EncoderGradient, type EncoderGradientOptions, encoderGradients } from './encoderGradients.ts';
export { type FlowVaeBound, type FlowVaeLab, type FlowVaeLabOptions, flowVaeTheorem } from './flowVae.ts';
export { type GradientEstimator, type GradientOptions, type GradientVariance, gradientVariance } from './gradients.ts';
export { linearDecoder, principalAngles } from './linear.ts';
export {
  type IndicatorError,
  type IndicatorOptions,
  indicatorSampling,
  type PriorSamplingError,
  type PriorSamplingOptions,
  priorSampling,
} from './priorSampling.ts';
export {
  compareTraining,
  type LinearAutoencoder,
  type LinearAutoencoderEpoch,
  linearAutoencoder,
  type TrainedVariant,
  type TrainingOptions,
  trainingVariants,
} from './training.ts';
