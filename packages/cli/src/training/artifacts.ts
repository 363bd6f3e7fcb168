import { join } from 'node:path';
import type { Runtime } from '@reparam/tensor';
import { type CodeScores, type Evaluation, type HostParams, hasQuantiles, manifold, reconstruct, take } from 'reparam';
import { writeFileAtomic } from 'reparam/io/node';
import {
  architectureDiagram,
  encodePng,
  manifoldGrid,
  pairsGrid,
  type ReportFigure,
  type ReportPicture,
} from 'reparam/plot';
import { someInMemory } from '../data.ts';
import { figureContext } from '../figures/context.ts';
import { drawFigures, figureKinds } from '../figures/index.ts';
import { displayRange, imageSizeOf, toGrey } from '../pictures.ts';
import { runFiles } from '../run/folder.ts';
import { onnxFiles } from '../run/onnxFiles.ts';
import { analogyPicture } from './analogyPicture.ts';
import type { Prepared } from './prepare.ts';
import { samplePicture } from './samplePicture.ts';

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

  pictures.set(runFiles.samples, await samplePicture(context, size, range));

  const { binarization = 'none' } = fitOptions;
  const pairs = await reconstruct(model, params, take(test, 30), { ...options, binarization, seed });
  pictures.set(runFiles.reconstructions, {
    title: 'Reconstructions',
    caption:
      model.bound === 'exact'
        ? 'Test examples, and below each what its code is decoded to: a flow loses nothing.'
        : 'Test examples as the model sees them, and below each the mean of p(x|z) at the mean of its posterior.',
    png: encodePng(pairsGrid(toGrey(pairs.input, range), toGrey(pairs.mean, range), { ...size, columns: 10 })),
  });

  const styles = await analogyPicture(context, size, range);
  if (styles) pictures.set(runFiles.analogies, styles);

  if (model.latentDim === 2 && model.conditionSize === undefined && hasQuantiles(model, params)) {
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

/** Posterior means of the test set, row-major [n, latentDim], and the figures of the report besides the latent map. */
export async function figuresOf(
  { prepared, params, runtime, signal }: ArtifactContext,
  { klPerDimension }: Pick<Evaluation, 'klPerDimension'>,
): Promise<{ readonly codes: Float32Array; readonly figures: readonly ReportFigure[] }> {
  const { recipe, config, test, train } = prepared;
  const title = `${config.preset} on ${config.data.name}`;
  const context = figureContext({
    title,
    model: recipe.model,
    params,
    runtime,
    signal,
    binarization: recipe.fitOptions.binarization ?? 'none',
    seed: config.training.seed,
    test: someInMemory(test),
    train: async () => someInMemory(train),
    klPerDimension,
  });
  const figures = await drawFigures(
    context,
    figureKinds.filter(({ name }) => name !== 'latent' && name !== 'manifold'),
  );
  const architecture = {
    title: 'Architecture',
    caption: 'The layers of encoder and decoder, and the distributions between them.',
    svg: architectureDiagram(recipe.model, `Architecture: ${title}`),
  };
  return { codes: (await context.draws()).mean.data, figures: [...figures, architecture] };
}

/** Writes the ONNX files, with what tells labels from codes where that is no part of the model. */
export async function writeOnnx(
  folder: string,
  { prepared, params }: ArtifactContext,
  ofCodes?: Partial<CodeScores>,
): Promise<void> {
  const { preset, data } = prepared.config;
  const files = onnxFiles(prepared.recipe.model, params, { preset, data: data.name }, ofCodes);
  for (const [name, bytes] of Object.entries(files)) await writeFileAtomic(join(folder, name), bytes);
}
