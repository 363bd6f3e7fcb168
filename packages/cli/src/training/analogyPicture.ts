import { analogies, type Dataset, subset } from 'reparam';
import { encodePng, type ImageSize, imageGrid, type ReportPicture } from 'reparam/plot';
import { someInMemory } from '../data.ts';
import { toGrey } from '../pictures.ts';
import type { ArtifactContext } from './artifacts.ts';

/** A test example of each class and, beside it, its style in every class; undefined for a model that is given no class. */
export async function analogyPicture(
  { prepared, params, ...options }: ArtifactContext,
  size: ImageSize,
  range: { readonly min: number; readonly max: number },
): Promise<ReportPicture | undefined> {
  const { recipe, config } = prepared;
  const { model, condition, fitOptions } = recipe;
  const test = someInMemory(prepared.test);
  const examples = condition.kind === 'labels' && test.condition ? firstOfClasses(test) : undefined;
  if (!examples) return undefined;
  const { binarization = 'none' } = fitOptions;
  const { data, shape } = await analogies(model, params, examples, {
    ...options,
    binarization,
    seed: config.training.seed,
  });
  const [rows, classes, width] = shape as [number, number, number];
  const cells = new Float32Array(rows * (classes + 1) * width);
  for (let row = 0; row < rows; row++) {
    const own = examples.data.subarray(row * width, (row + 1) * width);
    cells.set(
      Float32Array.from(own, (value) => value * examples.scale),
      row * (classes + 1) * width,
    );
    cells.set(data.subarray(row * classes * width, (row + 1) * classes * width), (row * (classes + 1) + 1) * width);
  }
  const grey = toGrey({ dtype: 'float32', shape: [cells.length], data: cells }, range);
  return {
    title: 'Analogies',
    caption:
      'On the left a test example of each class. Beside it, means of p(x|z, y) for every class y, all with the code of that example: the style stays, the class changes.',
    png: encodePng(imageGrid(grey, { ...size, columns: classes + 1 })),
  };
}

/** The first example of each class, ten classes at most. */
function firstOfClasses(test: Dataset): Dataset | undefined {
  const { labels } = test;
  const found = [...new Set(labels)].filter((label) => label >= 0).sort((a, b) => a - b);
  return found.length === 0
    ? undefined
    : subset(
        test,
        found.slice(0, 10).map((label) => labels!.indexOf(label)),
      );
}
