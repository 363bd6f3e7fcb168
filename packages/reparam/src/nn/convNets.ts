import { ReparamError, sizeOf } from '@reparam/tensor';
import { type ActivationName, activation } from './activations.ts';
import { batchNorm } from './batchNorm.ts';
import { type Conv2dOptions, type ConvTranspose2dOptions, conv2d, convTranspose2d } from './conv2d.ts';
import { groupNorm } from './groupNorm.ts';
import { fromImage, imageSize, toImage, unflatten } from './image.ts';
import { glorotUniform, heUniform, type Initializer } from './initializers.ts';
import { linear } from './linear.ts';
import type { Module } from './module.ts';
import { residual } from './residual.ts';
import { flatten, mlp, sequential } from './sequential.ts';

/** What follows each convolution of a network. */
export type ImageNorm = (typeof imageNorms)[number];

/** Every normalisation of a convolutional network. */
export const imageNorms = ['none', 'batch', 'group'] as const;

/** A stack of convolutions that halve the image (with the default window of 4, step of 2 and border of 1). */
export interface ConvNetOptions {
  /** Channels after each convolution, from the image inwards. */
  readonly channels: readonly number[];
  readonly kernel?: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly norm?: ImageNorm;
  /** Residual blocks (3×3, then 1×1) after each convolution. */
  readonly residualBlocks?: number;
  /** Sizes of dense layers between the convolutions and the latent vector. */
  readonly hidden?: readonly number[];
  readonly activation?: ActivationName;
  readonly initializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/**
 * From flat examples of `dataShape` ([H, W] or [H, W, C]) through convolutions to a vector of features.
 * @example convEncoder([28, 28], { channels: [32, 64] })
 */
export function convEncoder(dataShape: readonly number[], options: ConvNetOptions): Module {
  const { channels, hidden = [], sizes, layer, dense } = settings(options);
  return sequential([
    toImage(dataShape),
    ...channels.flatMap((width) => layer(conv2d(width, sizes), width)),
    flatten(),
    ...(hidden.length > 0 ? [mlp(hidden, dense)] : []),
  ]);
}

/**
 * The mirror image of `convEncoder`, from the latent vector to the images before the last transposed convolution:
 * `convOutput` is that one, and `vae` puts it behind.
 * @example convDecoder([28, 28], { channels: [32, 64] })
 */
export function convDecoder(dataShape: readonly number[], options: ConvNetOptions): Module {
  const { channels, hidden = [], layer, dense, name } = settings(options);
  const shapes = imageShapes(dataShape, options);
  const inner = shapes.at(-1)!;
  const upward = channels.slice(0, -1).map((width, i) => ({ width, options: transposedSizes(shapes, i + 1, options) }));
  return sequential([
    mlp([...hidden].reverse(), dense),
    linear(sizeOf(inner), dense),
    unflatten(inner),
    ...norms(options)(inner[0]!),
    activation(name),
    ...upward.reverse().flatMap(({ width, options: sizes }) => layer(convTranspose2d(width, sizes), width)),
  ]);
}

/** The last layer of a convolutional decoder: images to `outputs` planes for each channel of the data, flat, parameter-major. */
export function convOutput(dataShape: readonly number[], outputs: number, options: ConvNetOptions): Module {
  const { channels } = imageSize(dataShape);
  const sizes = transposedSizes(imageShapes(dataShape, options), 0, options);
  const { initializer = glorotUniform } = options;
  return sequential([convTranspose2d(outputs * channels, { ...sizes, initializer, bias: true }), fromImage(channels)]);
}

function settings(options: ConvNetOptions) {
  const { channels, kernel = 4, stride = 2, padding = 1, residualBlocks = 0, hidden, biasInitializer } = options;
  const { activation: name = 'relu', norm = 'none' } = options;
  if (channels.length === 0) {
    throw new ReparamError('config', 'channels of a convolutional network', {
      got: 'none',
      expected: 'a list such as [32, 64]',
    });
  }
  const isSaturating = name === 'tanh' || name === 'sigmoid';
  const initializer = options.initializer ?? (isSaturating ? glorotUniform : heUniform);
  const weights = { initializer, ...(biasInitializer && { biasInitializer }), bias: norm === 'none' };
  const normalize = norms(options);
  const block = (width: number) =>
    residual(
      sequential([
        conv2d(width, { kernel: 3, padding: 1, ...weights }),
        ...normalize(width),
        activation(name),
        conv2d(width, { kernel: 1, ...weights }),
        ...normalize(width),
      ]),
    );
  const layer = (convolution: Module, width: number): Module[] => [
    convolution,
    ...normalize(width),
    activation(name),
    ...Array.from({ length: residualBlocks }, () => block(width)).flatMap((b) => [b, activation(name)]),
  ];
  const dense = { activation: name, initializer, ...(biasInitializer && { biasInitializer }) };
  return {
    channels,
    hidden,
    name,
    layer,
    dense,
    sizes: { kernel, stride, padding, ...weights } satisfies Conv2dOptions,
  };
}

const maxGroups = 8;

const norms =
  ({ norm = 'none' }: ConvNetOptions) =>
  (width: number): Module[] => {
    if (norm === 'none') return [];
    if (norm === 'batch') return [batchNorm()];
    let groups = Math.min(maxGroups, width);
    while (width % groups !== 0) groups--;
    return [groupNorm({ groups })];
  };

/** Shapes [C, H, W] from the image inwards, before and after each convolution. */
function imageShapes(dataShape: readonly number[], options: ConvNetOptions): number[][] {
  const { channels, height, width } = imageSize(dataShape);
  const { sizes } = settings(options);
  const shapes = [[channels, height, width]];
  for (const c of options.channels) shapes.push(conv2d(c, sizes).outputShape(shapes.at(-1)!));
  return shapes;
}

/** Options of the transposed convolution that gives images of `shapes[index]` from those of the next. */
function transposedSizes(
  shapes: readonly (readonly number[])[],
  index: number,
  options: ConvNetOptions,
): ConvTranspose2dOptions {
  const { sizes } = settings(options);
  const { kernel, stride, padding } = sizes;
  const [wanted, from] = [shapes[index]!, shapes[index + 1]!];
  const missing = [1, 2].map((axis) => wanted[axis]! - ((from[axis]! - 1) * stride - 2 * padding + kernel));
  if (missing[0] === missing[1] && missing[0]! >= 0 && missing[0]! < stride)
    return { ...sizes, outputPadding: missing[0]! };
  throw new ReparamError('config', 'convolutions cannot be mirrored for images of this size', {
    got: `${wanted.join('×')}, window ${kernel}, step ${stride}, border ${padding}`,
    expected: 'sizes that a transposed convolution gives back, such as multiples of the step',
    fix: 'Use fewer convolutions, or another window',
  });
}
