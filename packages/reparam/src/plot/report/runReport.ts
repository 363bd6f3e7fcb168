import type { PageTable } from './figurePage.ts';

/** A figure of the test set, as the table shows it. */
export interface TestFigure {
  readonly name: string;
  readonly value: number;
  readonly standardError?: number;
  /** For example `nats/example`. */
  readonly unit: string;
  /** One sentence beside the figure. */
  readonly meaning?: string;
}

/** Means over a data set, nats/example. */
export interface BoundTerms {
  readonly elbo: number;
  readonly rate: number;
  readonly distortion: number;
  /** Further terms, by the names of metrics.jsonl: `loss`, `labelLoss`, `accuracy`, … */
  readonly [term: string]: number | undefined;
}

/** One epoch of the learning curves. */
export interface EpochTerms {
  readonly epoch: number;
  readonly train: BoundTerms;
  readonly validation?: BoundTerms;
}

/** Posterior means of a data set. */
export interface LatentCodes {
  /** Row-major [n, dim]. */
  readonly codes: Float32Array;
  readonly dim: number;
  /** Class of every row. */
  readonly labels?: ArrayLike<number>;
  readonly classNames?: readonly string[];
  /** Further codes [m, dim], drawn as numbered rings. */
  readonly marked?: Float32Array;
  /** Default: the latent plane of posterior means. */
  readonly title?: string;
}

/** A picture as a PNG file. */
export interface ReportPicture {
  readonly title: string;
  readonly caption: string;
  readonly png: Uint8Array;
}

/** A chart with what it shows and how to read it. */
export interface ReportFigure {
  readonly title: string;
  readonly caption: string;
  /** An SVG document. */
  readonly svg: string;
}

/** All that the page of a run shows. */
export interface RunReport {
  readonly title: string;
  /** One sentence: what was maximised. */
  readonly objective: string;
  /** Name and how its values were used, for example `mnist, dynamic binarisation`. */
  readonly dataset: string;
  readonly preset: string;
  readonly warnings: readonly string[];
  readonly test: readonly TestFigure[];
  readonly history: readonly EpochTerms[];
  /** What `elbo` in the history is: a lower bound (the default), of a flow log p(x), of an autoencoder log p(x|z). */
  readonly bound?: 'lower' | 'exact' | 'none';
  /** Mean KL of every latent dimension over the test set, nats/example; empty when the posterior has none in closed form. */
  readonly klPerDimension: readonly number[];
  /** Indices of the latent dimensions whose posterior mean varies over the data by more than 0.01. */
  readonly activeUnits: readonly number[];
  readonly latent?: LatentCodes;
  readonly pictures: readonly ReportPicture[];
  /** Tables of the test set, such as one of classes. */
  readonly tables?: readonly PageTable[];
  /** Further charts, shown in this order. */
  readonly figures?: readonly ReportFigure[];
  /** Any JSON; shown as a nested table. */
  readonly config: unknown;
  /** Runtime, versions, seed, machine. */
  readonly environment: Readonly<Record<string, string>>;
}
