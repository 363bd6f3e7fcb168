import { join } from 'node:path';
import type { Runtime } from '@reparam/tensor';
import {
  type Dataset,
  encode,
  exportDecoder,
  exportEncoder,
  type HostParams,
  manifold,
  reconstruct,
  sample,
  take,
} from 'reparam';
import { writeFileAtomic } from 'reparam/io/node';
import { encodePng, imageGrid, manifoldGrid, pairsGrid, type ReportPicture } from 'reparam/plot';
import { displayRange, imageSizeOf, toGrey } from '../pictures.ts';
import { runFiles } from '../run/folder.ts';
import type { Prepared } from './prepare.ts';

/** What the pictures of a run are drawn with. */
export interface ArtifactContext {
  readonly prepared: Prepared;
  readonly params: HostParams;
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
}

/** The pictures of a run by file name: none for data that are no images. */
export async function drawPictures(context: ArtifactContext): Promise<Map<string, ReportPicture>> {
  const { prepared, params, ...options } = context;
  const { recipe, test, config, train } = prepared;
  const { model, fitOptions } = recipe;
  const { seed } = config.training;
  const pictures = new Map<string, ReportPicture>();
  const size = imageSizeOf(train.shape);
  if (!size) return pictures;
  const range = displayRange(train);

  const drawn = await sample(model, params, 100, { ...options, seed });
  pictures.set(runFiles.samples, {
    title: 'Samples',
    caption: 'Means of p(x|z) for 100 codes z drawn from the prior.',
    png: encodePng(imageGrid(toGrey(drawn.mean, range), { ...size, columns: 10 })),
  });

  const { binarization = 'none' } = fitOptions;
  const pairs = await reconstruct(model, params, take(test, 30), { ...options, binarization, seed });
  pictures.set(runFiles.reconstructions, {
    title: 'Reconstructions',
    caption: 'Test examples as the model sees them, and below each the mean of p(x|z) at the mean of its posterior.',
    png: encodePng(pairsGrid(toGrey(pairs.input, range), toGrey(pairs.mean, range), { ...size, columns: 10 })),
  });

  if (model.latentDim === 2) {
    const { mean } = await manifold(model, params, 20, options);
    pictures.set(runFiles.manifold, {
      title: 'Manifold',
      caption:
        'Means of p(x|z) on a grid of quantiles of the prior: cells of equal probability. z₀ grows to the right, z₁ upwards.',
      png: encodePng(manifoldGrid(toGrey(mean, range), { ...size, columns: 20 })),
    });
  }
  return pictures;
}

/** Posterior means of `data`, row-major [n, latentDim]. */
export async function posteriorMeans({ prepared, params, ...options }: ArtifactContext, data: Dataset) {
  const { recipe, config } = prepared;
  const { binarization = 'none' } = recipe.fitOptions;
  const { mean } = await encode(recipe.model, params, data, { ...options, binarization, seed: config.training.seed });
  return mean.data as Float32Array;
}

/** Writes encoder.onnx and decoder.onnx. */
export async function writeOnnx(folder: string, { prepared, params }: ArtifactContext): Promise<void> {
  const { model } = prepared.recipe;
  const { preset, data } = prepared.config;
  const options = { metadata: { preset, data: data.name } };
  await writeFileAtomic(join(folder, runFiles.encoder), exportEncoder(model, params, options));
  await writeFileAtomic(join(folder, runFiles.decoder), exportDecoder(model, params, options));
}
