import { type Float32Tensor, type HostTensor, hostTensor, ReparamError } from '@reparam/tensor';
import type { AnyDataset } from '../data/index.ts';
import { compileRows, evaluationDraw, requireShape, withoutClass } from '../metrics/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams } from '../params.ts';
import { averageOutcomes } from './averageOutcomes.ts';
import type { EncodeOptions } from './encode.ts';

/** How labels are predicted. */
export interface PredictOptions extends EncodeOptions {
  /** How often each example is put through, with new bits and noise; probabilities are averaged. Default 1. */
  readonly numSamples?: number | undefined;
}

/**
 * What a model with `labels` predicts of every example, float32 [n, numLabels]: log-probabilities of the classes, or the logit
 * of each label that is 0 or 1. Labels that `dataset` may have are not looked at. Throws `config` for a model that predicts none.
 */
export async function predictLabels(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  { numSamples = 1, seed = 0, onProgress, signal, condition: _, ...options }: PredictOptions,
): Promise<Float32Tensor> {
  const { labels } = model;
  if (!labels) {
    throw new ReparamError('config', 'the model predicts no labels', {
      fix: 'Fit a classifier on its codes: fitOnCodes',
    });
  }
  const examples = withoutClass(model, { ...dataset, targets: undefined });
  requireShape(model, examples);
  const program = await compileRows(
    (p, x, context) => ({ logits: labels.logits(p, x, context) }),
    params,
    examples,
    options,
  );
  const draws: Float32Array[] = [];
  try {
    for (let s = 0; s < numSamples; s++) {
      const progress = onProgress && ((share: number) => onProgress((s + share) / numSamples));
      const { logits } = await program.run(params, { seed, draw: evaluationDraw + s, onProgress: progress, signal });
      draws.push((logits as HostTensor).data as Float32Array);
    }
  } finally {
    await program.dispose();
  }
  return hostTensor(averageOutcomes(draws, labels.kind), [dataset.size, labels.numLabels]) as Float32Tensor;
}
