import type { Float32Tensor, HostTensor, Key, Runtime, Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { Distribution, Reparameterizable, SampleWithLogProb } from '../distributions/index.ts';
import type { Support } from '../likelihoods/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';
import type { Bound } from '../posteriors/index.ts';
import type { CodeDraw } from './stacked.ts';

/** What the starting parameters may depend on besides the key. */
export interface InitOptions {
  /** Mean of each data value over the training set, where the decoder's last bias should start. */
  readonly dataMean?: Float64Array;
  /** Some of the examples in the model's units, row-major [n, dataSize], where a flow's normalisation should start. */
  readonly dataRows?: Float64Array;
}

/** How a model tells labels from examples. */
export interface LabelPrediction {
  readonly numLabels: number;
  /** One label of `numLabels` classes, or `numLabels` labels that are each 0 or 1. */
  readonly kind: 'categorical' | 'bernoulli';
  /** [B, numLabels] for x [B, dataSize]: log-probabilities of the classes, or the logit of each label. */
  logits(params: SymbolicParams, x: Tensor, context: Context): Tensor;
  /** Set where labels depend on the code alone: [..., numLabels] logits for z [..., latentDim], softmax or sigmoid to be taken. */
  fromCode?(params: SymbolicParams, z: Tensor, context: Context): Tensor;
  /**
   * log p(y) [numLabels]: set where the class is a variable of the model and the condition of its other parts, so that
   * log p(x) is a sum over classes.
   */
  logPrior?(params: SymbolicParams): Tensor;
}

/** A model with latent variables: three distributions, and parameters for them. Everything else is built on these. */
export interface LatentModel {
  readonly dataShape: readonly number[];
  readonly latentDim: number;
  /** What the likelihood is a distribution over. */
  readonly support: Support;
  /** Numbers of the condition that `context.condition` must hold; absent in an unconditional model. */
  readonly conditionSize?: number | undefined;
  /**
   * What `elbo` is: a lower bound on log p(x) (the default), log p(x) itself, or, of an autoencoder, neither: the
   * log-likelihood of the reconstruction, with a rate that is 0 by definition.
   */
  readonly bound?: Bound | undefined;
  /** What e to the power of log p(x) is, where `support` does not say: a flow on dequantised values gives probabilities. */
  readonly quantity?: 'probability' | 'density' | undefined;
  init(key: Key, options?: InitOptions): HostParams;
  /** p(z), or p(z given c). */
  prior(params: SymbolicParams, context: Context): Distribution;
  /** q(z given x), or q(z given x, c), for x of shape [B, dataSize]. */
  encode(params: SymbolicParams, x: Tensor, context: Context): Reparameterizable;
  /** p(x given z), or p(x given z, c), over vectors of dataSize values, for z of shape [..., B, latentDim]. */
  decode(params: SymbolicParams, z: Tensor, context: Context): Distribution;
  /**
   * Set where p(x given z) is a point that takes many passes of a net: x [n, dataSize] from z [n, latentDim], outside a graph.
   * `decode` refuses to compute it for many dimensions, and is slow to compile for fewer.
   */
  decodeRows?(
    params: HostParams,
    z: HostTensor,
    options: { readonly runtime: Runtime; readonly signal?: AbortSignal | undefined },
  ): Promise<Float32Tensor>;
  /** Set where the model is one of the codes of another: log p(x) is bounded through a draw of these. */
  readonly codes?:
    | {
        /** The model of the codes. */
        readonly model: LatentModel;
        /** Its parameters among those of the whole. */
        params(params: SymbolicParams): SymbolicParams;
        draw(params: SymbolicParams, x: Tensor, context: Context): CodeDraw;
      }
    | undefined;
  /** Set where the model predicts labels. */
  readonly labels?: LabelPrediction | undefined;
  /** Further figures of each example [B], from draws of z [S, B, …] and the bound [B]. */
  figures?(draw: SampleWithLogProb, elbo: Tensor): Readonly<Record<string, Tensor>>;
  /** Each part in words. */
  describe(): Readonly<Record<'prior' | 'posterior' | 'likelihood' | 'encoder' | 'decoder', string>> & {
    readonly labels?: string;
  };
}
