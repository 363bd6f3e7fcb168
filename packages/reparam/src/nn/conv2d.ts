import {
  conv2d as convolve,
  convTranspose2d as convolveTransposed,
  foldIn,
  ReparamError,
  reshape,
  type Tensor,
} from '@reparam/tensor';
import { leaf } from '../params.ts';
import { type Fan, heUniform, type Initializer, zeros } from './initializers.ts';
import type { LinearOptions } from './linear.ts';
import type { Module } from './module.ts';

/** Sizes of a convolution and how its weights start. */
export interface Conv2dOptions extends LinearOptions {
  /** Height and width of the window. */
  readonly kernel?: number;
  readonly stride?: number;
  /** Zeros around the image. */
  readonly padding?: number;
  /** Leave out where a normalisation follows. */
  readonly bias?: boolean;
}

/**
 * Convolution of images: [..., C, H, W] to [..., channels, H', W'] with H' = ⌊(H + 2 padding − kernel) / stride⌋ + 1;
 * `weight` [channels, C, kernel, kernel].
 * @example conv2d(32, { kernel: 4, stride: 2, padding: 1 })
 */
export const conv2d = (channels: number, options: Conv2dOptions = {}): Module =>
  imageLayer('conv', channels, options, {
    fan: (inputs, outputs, { kernel, stride }) => ({
      fanIn: inputs * kernel ** 2,
      fanOut: outputs * (kernel / stride) ** 2,
    }),
    sizeAfter: (size, { kernel, stride, padding }) => Math.floor((size + 2 * padding - kernel) / stride) + 1,
    weightShape: (inputs, { kernel }) => [channels, inputs, kernel, kernel],
    apply: convolve,
  });

/**
 * Transposed convolution: [..., C, H, W] to [..., channels, H', W'], H' = (H − 1) stride − 2 padding + kernel + outputPadding;
 * `weight` [C, channels, kernel, kernel].
 * @example convTranspose2d(1, { kernel: 4, stride: 2, padding: 1 })
 */
export const convTranspose2d = (channels: number, options: ConvTranspose2dOptions = {}): Module => {
  const { outputPadding = 0 } = options;
  return imageLayer('transposed conv', channels, options, {
    fan: (inputs, outputs, { kernel, stride }) => ({
      fanIn: inputs * (kernel / stride) ** 2,
      fanOut: outputs * kernel ** 2,
    }),
    sizeAfter: (size, { kernel, stride, padding }) => (size - 1) * stride - 2 * padding + kernel + outputPadding,
    weightShape: (inputs, { kernel }) => [inputs, channels, kernel, kernel],
    apply: (x, weight, sizes) => convolveTransposed(x, weight, { ...sizes, outputPadding }),
  });
};

/** Sizes of a transposed convolution. */
export interface ConvTranspose2dOptions extends Conv2dOptions {
  /** Rows and columns beyond the smallest image, less than the stride. */
  readonly outputPadding?: number;
}

interface Sizes {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

interface Kind {
  /** Values that meet in one output, and outputs one value goes to, on average. */
  fan(inputs: number, outputs: number, sizes: Sizes): Fan;
  sizeAfter(size: number, sizes: Sizes): number;
  weightShape(inputs: number, sizes: Sizes): number[];
  apply(x: Tensor, weight: Tensor, options: { stride: number; padding: number; bias?: Tensor }): Tensor;
}

function imageLayer(name: string, channels: number, options: Conv2dOptions, kind: Kind): Module {
  const { kernel = 3, stride = 1, padding = 0, bias = true } = options;
  const { initializer = heUniform, biasInitializer = zeros } = options;
  const sizes = { kernel, stride, padding };
  for (const [at, got] of Object.entries({ channels, kernel, stride })) {
    if (!Number.isInteger(got) || got < 1) {
      throw new ReparamError('config', `${name}: ${at}`, { got: String(got), expected: 'a positive whole number' });
    }
  }
  if (!Number.isInteger(padding) || padding < 0) {
    throw new ReparamError('config', `${name}: padding`, {
      got: String(padding),
      expected: 'a whole number, 0 or more',
    });
  }
  const outputShape = (inputShape: readonly number[]): number[] => {
    const [, height, width] = needImage(name, inputShape);
    const after = [height, width].map((size) => kind.sizeAfter(size, sizes));
    if (after.every((size) => size > 0)) return [channels, ...after];
    throw new ReparamError('shape', `${name}: images are too small`, {
      got: `[${inputShape.join(', ')}] for a window of ${kernel} with padding ${padding}`,
      expected: 'at least one place for the window',
    });
  };
  return {
    describe: (inputShape) =>
      `${name} ${inputShape.join('×')} → ${outputShape(inputShape).join('×')}, ${kernel}×${kernel}${stride > 1 ? ` by ${stride}` : ''}`,
    outputShape,
    init(key, inputShape) {
      const [inputs] = needImage(name, inputShape);
      const fan = kind.fan(inputs, channels, sizes);
      const draw = (part: string, how: Initializer, shape: readonly number[]) => how(foldIn(key, part), shape, fan);
      const weight = draw('weight', initializer, kind.weightShape(inputs, sizes));
      return { weight, ...(bias && { bias: draw('bias', biasInitializer, [channels]) }) };
    },
    apply(params, x) {
      const [weight, offset] = [leaf(params, 'weight'), params.bias && leaf(params, 'bias')];
      return overImages(x, (images) =>
        kind.apply(images, weight, { stride, padding, ...(offset && { bias: offset }) }),
      );
    },
  };
}

/** Applies `fn` to [n, C, H, W], where `x` may have further axes in front. */
export function overImages(x: Tensor, fn: (images: Tensor) => Tensor): Tensor {
  if (x.rank === 4) return fn(x);
  const result = fn(reshape(x, [-1, ...x.shape.slice(-3)]));
  return reshape(result, [...x.shape.slice(0, -3), ...result.shape.slice(-3)]);
}

/** Throws unless events are images [C, H, W]. */
export function needImage(name: string, inputShape: readonly number[]): [number, number, number] {
  if (inputShape.length === 3) return inputShape as [number, number, number];
  throw new ReparamError('shape', `${name} acts on images`, {
    got: `events of shape [${inputShape.join(', ')}]`,
    expected: 'shape [channels, height, width]',
    fix: 'Put toImage() before it',
  });
}
