import type { Binarization, Quadrant } from '../data/index.ts';
import type { ActivationName, ImageNorm, InitializerName } from '../nn/index.ts';
import type { Baseline } from '../objectives/index.ts';
import type { LinearProgramConfig } from './program/config.ts';

/** A model in plain JSON: what `buildModel` needs besides the shape of the data. */
export interface ModelConfig {
  readonly latentDim: number;
  /** Sizes of the encoder's hidden layers. */
  readonly hidden: readonly number[];
  /** Sizes of the decoder's hidden layers; default: the encoder's in reverse. */
  readonly decoderHidden?: readonly number[] | undefined;
  /** What the encoder is given: the data, or log(1 + x) of them (for counts). Default: the data. */
  readonly encoderInput?: 'data' | 'log1p' | undefined;
  /** Default: mlp. */
  readonly network?: NetworkConfig | undefined;
  readonly activation: ActivationName;
  /** Of every linear layer; default: Glorot for tanh and sigmoid, He for the others. */
  readonly initializer?: InitializerName | undefined;
  readonly layerNorm: boolean;
  /** Share of hidden activations dropped in training. */
  readonly dropout: number;
  /** That of the encoder, where it is another; of convolutions, the share of the features they hand on. */
  readonly encoderDropout?: number | undefined;
  readonly posterior: PosteriorConfig;
  /** Default: standard. */
  readonly prior?: PriorConfig | undefined;
  /** A second stochastic layer above the first: its size, and the hidden layers of the networks between the two. */
  readonly upper?: { readonly latentDim: number; readonly hidden: readonly number[] } | undefined;
  /** What the model is given beside each example. Default: none. */
  readonly condition?: ConditionConfig | undefined;
  readonly likelihood: LikelihoodConfig;
  /** M2 on the codes of this model, which is trained first and then kept as it is (M1+M2). */
  readonly above?: AboveConfig | undefined;
  /** Labels predicted from the code. Default: none. */
  readonly labels?: LabelsConfig | undefined;
  /** A flow in the place of networks, posterior and likelihood: latentDim is then the size of the data. */
  readonly flow?: FlowModelConfig | undefined;
}

/** A model of codes in plain JSON. */
export interface AboveConfig {
  readonly latentDim: number;
  /** Hidden layers of its networks. */
  readonly hidden: readonly number[];
  /** Least standard deviation of a posterior mean for a dimension of the codes to be kept; default 0.1. */
  readonly threshold?: number | undefined;
  /** How the model of examples is trained before. */
  readonly pretraining: {
    readonly epochs: number;
    readonly batchSize: number;
    readonly learningRate: LearningRateConfig;
  };
}

/** Layers of a flow in plain JSON. */
export interface FlowConfig {
  readonly layers:
    | 'planar'
    | 'radial'
    | 'coupling'
    | 'autoregressive'
    | 'inverse-autoregressive'
    | 'linear-lu'
    | 'linear-qr';
  /** How many of them; default 2. */
  readonly length?: number | undefined;
  /** Hidden layers of each one's network; default [64]. */
  readonly hidden?: readonly number[] | undefined;
  readonly activation?: ActivationName | undefined;
  /** Largest absolute log-scale of coupling and autoregressive layers; not bounded unless stated. */
  readonly logScaleBound?: number | undefined;
}

/** A flow as a whole model, or a masked autoregressive net of bits, in plain JSON. */
export interface FlowModelConfig extends Omit<FlowConfig, 'layers'> {
  readonly layers: FlowConfig['layers'] | 'bits';
  /** Levels of a pixel, which is dequantised and goes through a logit; 0: values as they are. Default: by the data. */
  readonly levels?: number | undefined;
  /** The logit is that of α + (1 − 2α) y; default 1e-6. */
  readonly alpha?: number | undefined;
  /** Makes the flow encoder and decoder of an autoencoder with noise of this standard deviation. */
  readonly scale?: number | undefined;
}

/** The kind of both networks in plain JSON; `hidden` are the dense layers of either. */
export type NetworkConfig =
  | { readonly kind: 'mlp' }
  | {
      readonly kind: 'conv';
      /** Channels after each convolution, from the image inwards. */
      readonly channels: readonly number[];
      readonly kernel?: number | undefined;
      readonly stride?: number | undefined;
      readonly padding?: number | undefined;
      readonly norm?: ImageNorm | undefined;
      readonly residualBlocks?: number | undefined;
    };

/** A posterior in plain JSON. */
export type PosteriorConfig =
  | { readonly kind: 'diagonal' | 'shared-variance' | 'full-covariance' | 'delta' }
  | (FlowConfig & { readonly kind: 'flow'; readonly amortized?: boolean | undefined });

/** A prior in plain JSON. */
export type PriorConfig =
  | { readonly kind: 'standard' | 'learned' }
  | { readonly kind: 'mixture'; readonly components?: number | undefined }
  | { readonly kind: 'vamp'; readonly pseudoInputs?: number | undefined }
  | { readonly kind: 'conditional'; readonly hidden?: readonly number[] | undefined }
  | (FlowConfig & { readonly kind: 'flow' });

/** What a model is given beside each example, in plain JSON. */
export type ConditionConfig =
  | { readonly kind: 'none' }
  /** The class, one-hot. The number of classes is that of the data unless stated. */
  | {
      readonly kind: 'labels';
      readonly numClasses?: number | undefined;
      /** Whether the model tells the class itself, by a network like its encoder, where it is not known (M2). */
      readonly inferred?: boolean | undefined;
      /** `encoderDropout` of that network; default: that of the model. */
      readonly dropout?: number | undefined;
      /** p(y) of an inferred class: uniform (the default), as often as the labels of the data, or numbers that sum to 1. */
      readonly prior?: 'uniform' | 'frequencies' | readonly number[] | undefined;
    }
  /** The other three quadrants of a picture, of which the model completes the missing one. */
  | { readonly kind: 'completion'; readonly missing: Quadrant };

/** Labels predicted from the code, in plain JSON. */
export interface LabelsConfig {
  /** Default: categorical. */
  readonly kind?: 'categorical' | 'bernoulli' | undefined;
  /** Classes, or labels that are 0 or 1; that of the data unless stated. */
  readonly numLabels?: number | undefined;
  /** Hidden layers between code and labels; default none. */
  readonly hidden?: readonly number[] | undefined;
  readonly activation?: ActivationName | undefined;
  /** Draws of z an example whose probabilities are averaged for its prediction; default 10. */
  readonly numSamples?: number | undefined;
}

/** A likelihood in plain JSON. */
export type LikelihoodConfig =
  | { readonly kind: 'bernoulli' | 'continuous-bernoulli' | 'categorical' | 'poisson' }
  | {
      readonly kind: 'gaussian' | 'laplace';
      /** A fixed scale, or one learned for all values or for each. */
      readonly scale: number | 'shared' | 'per-dimension';
      readonly initialScale?: number | undefined;
    }
  | {
      readonly kind: 'discretized-logistic';
      readonly components?: number | undefined;
      readonly minLogScale?: number | undefined;
    }
  | {
      readonly kind: 'negative-binomial' | 'zero-inflated-negative-binomial';
      readonly dispersion?: 'shared' | 'per-dimension' | 'per-value' | undefined;
      readonly initialDispersion?: number | undefined;
    };

/** The weight of the rate: a number, or how it changes in the course of training. */
export type BetaConfig =
  | number
  | {
      readonly schedule: 'linear';
      readonly from?: number | undefined;
      readonly to?: number | undefined;
      readonly epochs: number;
    }
  | {
      readonly schedule: 'cyclical';
      readonly from?: number | undefined;
      readonly to?: number | undefined;
      readonly cycles?: number | undefined;
      readonly ramp?: number | undefined;
    };

/** An objective in plain JSON. */
export type ObjectiveConfig =
  | {
      readonly kind: 'elbo';
      readonly kl: 'analytic' | 'sampled';
      readonly numSamples: number;
      readonly beta: BetaConfig;
      readonly freeBits: number;
      /** γ · |rate − C| in place of β · rate; C in nats an example. */
      readonly capacity?: { readonly gamma: number; readonly nats: BetaConfig } | undefined;
      readonly gradient?: 'reparameterised' | 'score-function' | undefined;
      readonly baseline?: Baseline | undefined;
    }
  | {
      readonly kind: 'iwae';
      readonly numSamples: number;
      readonly gradient?: 'standard' | 'doubly-reparameterised' | undefined;
    }
  | {
      readonly kind: 'beta-tc';
      readonly beta: BetaConfig;
      readonly alpha?: number | undefined;
      readonly gamma?: number | undefined;
      readonly estimator?: 'stratified' | 'weighted' | undefined;
    }
  | {
      readonly kind: 'infovae';
      readonly alpha: number;
      readonly lambda: number;
      readonly kernel?: KernelConfig | undefined;
      readonly estimator?: 'unbiased' | 'biased' | undefined;
    }
  | {
      readonly kind: 'dip';
      readonly variant: 'i' | 'ii';
      readonly offDiagonal: number;
      readonly diagonal?: number | undefined;
    }
  | { readonly kind: 'fisher'; readonly mode: 'theorem' | 'reference' }
  | { readonly kind: 'hybrid'; readonly alpha: number; readonly numSamples: number }
  | {
      readonly kind: 'prediction-constrained';
      readonly lambda?: BetaConfig | undefined;
      readonly epsilon?: number | undefined;
      readonly dual?: { readonly rate: number; readonly start?: number | undefined } | undefined;
      readonly consistency?: ConsistencyConfig | undefined;
      readonly labelPrior?:
        | { readonly weight: number; readonly probabilities?: readonly number[] | undefined }
        | undefined;
    }
  | {
      readonly kind: 'm2';
      readonly alpha: number;
      readonly labelledShare?: number | undefined;
      readonly numSamples: number;
      readonly weightPrior?: number | undefined;
      readonly beta?: BetaConfig | undefined;
      readonly classGradient?: BetaConfig | undefined;
    }
  | { readonly kind: 'reconstruction' };

/** Consistency of predictions in plain JSON. */
export interface ConsistencyConfig {
  readonly weight: BetaConfig;
  readonly reconstruction?: 'mean' | 'sample' | undefined;
  readonly temperature?: number | undefined;
  readonly labelled?: 'prediction' | 'label' | undefined;
}

/** A kernel in plain JSON. */
export interface KernelConfig {
  readonly kind: 'imq' | 'rbf';
  readonly bandwidth?: number | undefined;
}

/** A learning rate in plain JSON: a number or a schedule. */
export type LearningRateConfig =
  | number
  | { readonly schedule: 'constant'; readonly value: number }
  | {
      readonly schedule: 'step';
      readonly value: number;
      readonly factor?: number | undefined;
      readonly epochs: number;
    }
  | {
      readonly schedule: 'cosine';
      readonly value: number;
      readonly final?: number | undefined;
      readonly warmup?: number | undefined;
    }
  | { readonly schedule: 'iwae-paper'; readonly value?: number | undefined };

interface OptimizerBase {
  readonly learningRate: LearningRateConfig;
  /** Largest global norm of the gradient. */
  readonly clipNorm?: number | undefined;
}

interface AdamConfig extends OptimizerBase {
  readonly beta1?: number | undefined;
  readonly beta2?: number | undefined;
  readonly epsilon?: number | undefined;
}

/** An optimiser and its learning rate in plain JSON. */
export type OptimizerConfig =
  | (AdamConfig & { readonly kind: 'adam' })
  | (AdamConfig & { readonly kind: 'adamw'; readonly weightDecay?: number | undefined })
  | (OptimizerBase & { readonly kind: 'sgd' })
  | (OptimizerBase & {
      readonly kind: 'momentum';
      readonly momentum?: number | undefined;
      readonly nesterov?: boolean | undefined;
    });

/** A classifier of codes, fitted to the labelled examples when the model is trained, in plain JSON. */
export interface CodeClassifierConfig {
  readonly kind: 'logistic-regression' | 'linear-svm';
  /** What stands for an example: the mean of its posterior (the default), or a draw from it. */
  readonly codes?: 'mean' | 'sample' | undefined;
  /** How grey values become bits before they are encoded for it; default: as in training. */
  readonly binarization?: Binarization | undefined;
  /** λ of the penalty λ/2 · ‖W‖²; chosen on validation examples, or by cross-validation, unless stated. */
  readonly strength?: number | undefined;
  /** Default: that of the data. */
  readonly numClasses?: number | undefined;
}

/** Length, batches and seed of a training in plain JSON. */
export interface TrainingConfig {
  readonly epochs: number;
  readonly batchSize: number;
  /** Parts a batch is cut into to save memory; the step is the same. */
  readonly microBatches: number;
  /** Examples with a label in each batch, where the objective needs labels and some examples have none; default: half. */
  readonly labelledBatchSize?: number | undefined;
  readonly seed: number;
  /** Folder of a run of the same model whose weights are the start. */
  readonly from?: string | undefined;
  readonly earlyStopping?: { readonly patience: number; readonly minDelta?: number | undefined } | undefined;
}

/** A whole recipe, data aside. `binarization` is chosen by the data when it is left out: see `chooseBinarization`. */
export interface RecipeConfig {
  readonly model: ModelConfig;
  readonly objective: ObjectiveConfig;
  readonly optimizer: OptimizerConfig;
  readonly training: TrainingConfig;
  readonly binarization?: Binarization | undefined;
  /** Finds the parameters of a linear VAE without gradients; objective and optimizer are then not used. */
  readonly program?: LinearProgramConfig | undefined;
  /** A second stage: a classifier of the trained model's codes. */
  readonly classifier?: CodeClassifierConfig | undefined;
}
