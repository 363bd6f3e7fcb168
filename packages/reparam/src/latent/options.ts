import type { Float32Tensor, Runtime } from '@reparam/tensor';

/** How codes are put through a model. */
export interface LatentOptions {
  readonly runtime: Runtime;
  /** Rows a call, padded where fewer are left, so that a row's numbers do not depend on how many there are; default 100. */
  readonly batchSize?: number;
  /** What a conditional model is given beside each row, [n, conditionSize]; one row stands for all. */
  readonly condition?: Float32Tensor | undefined;
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}
