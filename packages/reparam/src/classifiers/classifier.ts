import type { Runtime, Tensor } from '@reparam/tensor';
import type { HostParams } from '../params.ts';

/** What a classifier sees: `rows` × `columns` values, row-major; a value is its entry in `data` times `scale` (default 1). */
export interface Features {
  readonly data: Float32Array | Uint8Array;
  readonly rows: number;
  readonly columns: number;
  readonly scale?: number;
}

/** Rows with a class each; −1 where it is missing. */
export interface LabelledFeatures {
  readonly features: Features;
  readonly labels: Int32Array;
}

/** How a classifier is fitted. */
export interface FitClassifierOptions {
  /** K: labels are 0 … K − 1, or −1. */
  readonly numClasses: number;
  readonly runtime: Runtime;
  /** Of what is drawn at random, where anything is; default 0. */
  readonly seed?: number | undefined;
  /** Rows held back from fitting, for classifiers that stop or choose by them; the others ignore it. */
  readonly validation?: LabelledFeatures | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Share done (an upper bound where the end is not known), 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** A way to learn classes from rows of features. */
export interface Classifier {
  /** Short, for files and tables: `logistic-regression`. */
  readonly name: string;
  /** One line for people, with its settings. */
  readonly description: string;
  /**
   * Learns from the rows that have a label (−1: the row is ignored). Throws `shape` when labels and rows differ in
   * number, `data` when no row has a label or one is out of range.
   */
  fit(features: Features, labels: Int32Array, options: FitClassifierOptions): Promise<FittedClassifier>;
  /** The fitted classifier whose `params` were stored. Throws `data` when they are not this classifier's. */
  restore(params: HostParams, options: { runtime: Runtime }): FittedClassifier;
}

/** What was learnt. */
export interface FittedClassifier {
  readonly numClasses: number;
  readonly numFeatures: number;
  /** All that `restore` needs, as a tree that safetensors files hold. */
  readonly params: HostParams;
  /** How fitting went: `iterations`, `objective`, `gradientNorm`, `strength`, …; empty after `restore`. */
  readonly figures: Readonly<Record<string, number>>;
  /** Whether `scores` are log-probabilities; otherwise they are margins or votes, larger for likelier classes. */
  readonly hasProbabilities: boolean;
  /** [rows, K], row-major. */
  scores(features: Features): Promise<Float32Array>;
  /** The same as a part of a program, [rows, K] of [rows, features]; absent where it is none, as of neighbours. */
  readonly score?: ((features: Tensor) => Tensor) | undefined;
  /** The class of the highest score of each row. */
  predict(features: Features): Promise<Int32Array>;
}
