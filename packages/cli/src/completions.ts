import { type HostTensor, hostTensor } from '@reparam/tensor';
import {
  type Completions,
  completionLayout,
  type Dataset,
  type LatentModel,
  labelCondition,
  reassemble,
} from 'reparam';
import { type Image, type ImageSize, stripGrid } from 'reparam/plot';
import { toGrey } from './pictures.ts';
import type { Run } from './run/openRun.ts';

/** Rows of pictures: what was given, its completions, and the whole picture as it was. */
export function completionGrid(
  { given, completed, truth }: Completions,
  range: { readonly min: number; readonly max: number },
  size: ImageSize,
): Image {
  const [rows, draws, width] = completed.shape as [number, number, number];
  const columns = draws + 2;
  const [left, middle, right] = [given, completed, truth].map((values) => toGrey(values, range)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const all = new Float32Array(rows * columns * width);
  for (let row = 0; row < rows; row++) {
    all.set(left.subarray(row * width, (row + 1) * width), row * columns * width);
    all.set(middle.subarray(row * draws * width, (row + 1) * draws * width), (row * columns + 1) * width);
    all.set(right.subarray(row * width, (row + 1) * width), (row * columns + columns - 1) * width);
  }
  return stripGrid(all, { ...size, columns });
}

/** Puts what a run models back into the pictures of `examples` it is part of; nothing to do unless the run completes pictures. */
export function wholePictures(
  { config, shape }: Run,
  { condition: given }: Dataset,
): (parts: HostTensor) => HostTensor {
  const { condition } = config.model;
  if (condition.kind !== 'completion') return (parts) => parts;
  const layout = completionLayout(shape, condition.missing);
  const rest = Float32Array.from(given!.data, (value) => value * given!.scale);
  return ({ data }) => {
    const count = data.length / layout.missing.length;
    return hostTensor(reassemble(layout, data as Float32Array, rest), [
      count,
      layout.missing.length + layout.rest.length,
    ]);
  };
}

/** `perClass` draws of each of `labels`, a class after the other, as the condition of a model given labels. */
export const classRows = (labels: readonly number[], perClass: number, { conditionSize }: LatentModel) =>
  labelCondition(
    labels.flatMap((label) => Array<number>(perClass).fill(label)),
    conditionSize!,
  );

/** Every class of a model given labels. */
export const classesOf = ({ conditionSize }: LatentModel): number[] => [...Array(conditionSize).keys()];
