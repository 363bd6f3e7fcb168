import { ReparamError, reshape, sizeOf, transpose } from '@reparam/tensor';
import type { Module } from './module.ts';

/** Height, width and channels of examples stored as [H, W] or [H, W, C]. Throws `config` for other shapes. */
export function imageSize(dataShape: readonly number[]): { height: number; width: number; channels: number } {
  const [height, width, channels = 1] = dataShape;
  if (dataShape.length === 2 || dataShape.length === 3) return { height: height!, width: width!, channels };
  throw new ReparamError('config', 'convolutions need images', {
    got: `examples of shape [${dataShape.join(', ')}]`,
    expected: '[height, width] or [height, width, channels]',
    fix: 'Use a multilayer perceptron (network kind mlp), or give the data their image shape',
  });
}

/** Flat examples of `dataShape` [H, W] or [H, W, C] as images [C, H, W]. */
export function toImage(dataShape: readonly number[]): Module {
  const { height, width, channels } = imageSize(dataShape);
  return {
    describe: () => `image ${channels}×${height}×${width}`,
    outputShape: () => [channels, height, width],
    init: () => ({}),
    apply(_, x) {
      const lead = x.shape.slice(0, -1);
      if (channels === 1) return reshape(x, [...lead, 1, height, width]);
      const stored = reshape(x, [...lead, height, width, channels]);
      return transpose(stored, [...lead.keys(), x.rank + 1, x.rank - 1, x.rank]);
    },
  };
}

/** Images [m·C, H, W] as flat outputs, parameter-major: m vectors of values in the order of [H, W, C], one after another. */
export function fromImage(channels: number): Module {
  return {
    describe: () => 'flatten',
    outputShape: (inputShape) => [sizeOf(inputShape)],
    init: () => ({}),
    apply(_, x) {
      const [planes, height, width] = x.shape.slice(-3) as [number, number, number];
      const lead = x.shape.slice(0, -3);
      if (channels === 1) return reshape(x, [...lead, planes * height * width]);
      const split = reshape(x, [...lead, planes / channels, channels, height, width]);
      const at = lead.length;
      return reshape(transpose(split, [...lead.keys(), at, at + 2, at + 3, at + 1]), [
        ...lead,
        planes * height * width,
      ]);
    },
  };
}

/** Features as images of `shape` [C, H, W]. */
export const unflatten = (shape: readonly number[]): Module => ({
  describe: () => `reshape to ${shape.join('×')}`,
  outputShape: (inputShape) => {
    if (sizeOf(inputShape) === sizeOf(shape)) return [...shape];
    throw new ReparamError('shape', 'features do not fill the images', {
      got: `${sizeOf(inputShape)} features`,
      expected: `${sizeOf(shape)} for [${shape.join(', ')}]`,
    });
  },
  init: () => ({}),
  apply: (_, x) => reshape(x, [...x.shape.slice(0, -1), ...shape]),
});
