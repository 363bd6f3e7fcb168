import { type Float32Tensor, hostTensor } from '@reparam/tensor';
import { classMeans, decodeMeans, type ExampleSet, type InterpolationPath, interpolate } from 'reparam';
import { type PictureRow, pictureTable } from 'reparam/plot';
import { conditionsOf, type FigureContext } from './context.ts';
import type { FigureKind } from './figure.ts';

const [maxPairs, steps] = [3, 11];

/** One end of an interpolation: a code, and the condition it is decoded with. */
export interface InterpolationEnd {
  readonly code: ArrayLike<number>;
  readonly condition?: ArrayLike<number> | undefined;
}

/** Decoded pictures on the way from one end to the other, row-major [steps, …]; a condition changes evenly with the code. */
export async function decodedPath(
  { model, params, decoding }: Pick<FigureContext, 'model' | 'params' | 'decoding'>,
  [from, to]: readonly [InterpolationEnd, InterpolationEnd],
  count: number,
  path: InterpolationPath,
): Promise<Float32Tensor> {
  const way = interpolate(from.code, to.code, count, path);
  const condition =
    from.condition && to.condition ? interpolate(from.condition, to.condition, count, 'linear') : undefined;
  return decodeMeans(model, params, way, { ...decoding, condition });
}

/** Ways between the mean codes of classes, straight and along a great circle. */
export const interpolation: FigureKind = {
  name: 'interpolation',
  summary: 'ways between the mean codes of classes, linear and spherical',
  missing: ({ size, test }) =>
    size ? (test.labels && classCount(test.labels) > 1 ? undefined : 'needs labels') : 'the examples are no images',
  async draw(context) {
    const { model, test } = context;
    const means = [...classMeans((await context.draws()).mean.data, model.latentDim, test.labels!)];
    const name = (label: number) => test.classNames?.[label] ?? String(label);
    const rows: PictureRow[] = [];
    for (let k = 0; k + 1 < means.length && k < 2 * maxPairs; k += 2) {
      const [[fromLabel, fromCode], [toLabel, toCode]] = [means[k]!, means[k + 1]!];
      const from = { code: fromCode, condition: classCondition(context, fromLabel) };
      const to = { code: toCode, condition: classCondition(context, toLabel) };
      for (const path of ['linear', 'spherical'] as const) {
        const pixels = await context.grey(await decodedPath(context, [from, to], steps, path));
        rows.push({ label: `${name(fromLabel)} → ${name(toLabel)}`, note: path, cells: cellsOf(pixels, steps) });
      }
    }
    return [
      {
        file: 'interpolation',
        title: 'Interpolations',
        caption:
          'From the mean code of one class to that of another, decoded at even steps: along a straight line, and turning along a great circle so that the length changes evenly. Pictures that stay plausible all the way say that the space between the classes is in use.',
        svg: pictureTable({ ...context.size!, title: 'Interpolations between class means', rows }),
      },
    ];
  },
};

/** `count` pictures that lie one after another, as cells. */
export function cellsOf(pixels: Float32Array, count: number): { readonly pixels: Float32Array }[] {
  const width = pixels.length / count;
  return Array.from({ length: count }, (_, i) => ({ pixels: pixels.subarray(i * width, (i + 1) * width) }));
}

/** The condition of the first example of a class, where the data have conditions. */
export function classCondition({ test }: { readonly test: ExampleSet }, label: number): Float32Array | undefined {
  return conditionsOf(test, [test.labels!.indexOf(label)])?.data;
}

const classCount = (labels: Int32Array): number => new Set(labels.filter((label) => label >= 0)).size;

/** Rows of conditions one after another as one tensor. */
export const conditionRows = (rows: readonly (Float32Array | undefined)[]): Float32Tensor | undefined => {
  const [first] = rows;
  if (!first) return undefined;
  return hostTensor(Float32Array.from(rows.flatMap((row) => [...row!])), [rows.length, first.length]);
};
