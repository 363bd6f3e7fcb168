import { createHash } from 'node:crypto';
import { type AnyDataset, balancedLabels, rowsByTarget } from 'reparam';
import type { RunConfig } from '../config/schema.ts';

/** Training examples with the labels that training may see: of `data.labels` = n, n by a balanced draw, the others forgotten. */
export const knownLabels = <T extends AnyDataset>(train: T, { data, training }: RunConfig): T =>
  typeof data.labels === 'number' ? balancedLabels(train, data.labels, data.labelSeed ?? training.seed) : train;

/** How many examples of `dataset` have a label. */
export function countLabelled({ labels, targets }: AnyDataset): number {
  if (targets) return rowsByTarget(targets).known.length;
  return labels?.reduce((count, label) => count + (label >= 0 ? 1 : 0), 0) ?? 0;
}

/** Identifies the labels of a set. */
export const labelDigest = ({ labels, targets }: AnyDataset): string =>
  createHash('sha256')
    .update(labels ?? targets?.data ?? '')
    .digest('hex')
    .slice(0, 16);
