import { type Bound, complete, sample, take } from 'reparam';
import { encodePng, type ImageSize, imageGrid, type ReportPicture } from 'reparam/plot';
import { classesOf, classRows, completionGrid } from '../completions.ts';
import { imageSizeOf, toGrey } from '../pictures.ts';
import type { ArtifactContext } from './artifacts.ts';

/** Draws: of a model given labels a row a class; of one that completes pictures what is given, completions and the truth. */
export async function samplePicture(
  { prepared, params, ...options }: ArtifactContext,
  size: ImageSize,
  range: { readonly min: number; readonly max: number },
): Promise<ReportPicture> {
  const { recipe, test, config } = prepared;
  const { model, condition } = recipe;
  const { seed } = config.training;
  const { shape } = config.data;
  if (condition.kind === 'completion') {
    const settings = { ...options, seed, shape: shape!, missing: condition.missing, draws: 5 };
    const completions = await complete(model, params, take(test, 20), settings);
    return {
      title: 'Completions',
      caption: 'What is given, five completions with codes drawn from p(z|c), and the picture as it was.',
      png: encodePng(completionGrid(completions, range, imageSizeOf(shape!)!)),
    };
  }
  if (condition.kind === 'labels') {
    const classes = classesOf(model);
    const given = { condition: classRows(classes, 10, model) };
    const { mean } = await sample(model, params, 10 * classes.length, { ...options, seed, ...given });
    return {
      title: 'Samples',
      caption: 'Means of p(x|z, c) for codes z drawn from the prior, a row a class c.',
      png: encodePng(imageGrid(toGrey(mean, range), { ...size, columns: 10 })),
    };
  }
  const { mean } = await sample(model, params, 100, { ...options, seed });
  return {
    title: 'Samples',
    caption: captions[model.bound ?? 'lower'],
    png: encodePng(imageGrid(toGrey(mean, range), { ...size, columns: 10 })),
  };
}

const captions: Readonly<Record<Bound, string>> = {
  lower: 'Means of p(x|z) for 100 codes z drawn from the prior.',
  exact: '100 draws: the inverse of the flow at points z drawn from the prior.',
  none: 'Decoded points z drawn from N(0, I). An autoencoder has no prior: its codes may lie elsewhere, and then these look like nothing.',
};
