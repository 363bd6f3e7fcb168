import type { Runtime } from '@reparam/tensor';

/** How codes are put through a model. */
export interface LatentOptions {
  readonly runtime: Runtime;
  /** Rows a call, padded where fewer are left, so that a row's numbers do not depend on how many there are; default 100. */
  readonly batchSize?: number;
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}
