import { avgPool2d, maxPool2d, ReparamError, type Tensor } from '@reparam/tensor';
import { needImage, overImages } from './conv2d.ts';
import type { Module } from './module.ts';

/** Window and step of a pooling layer. */
export interface PoolOptions {
  readonly kernel?: number;
  /** Default: the window, so that windows do not overlap. */
  readonly stride?: number;
}

/** Mean over windows of an image: [..., C, H, W] to [..., C, H', W'] with H' = ⌊(H − kernel) / stride⌋ + 1. */
export const averagePool = (options: PoolOptions = {}): Module => pool('average pool', options, avgPool2d);

/** Largest value of each window of an image; sizes as `averagePool`. */
export const maxPool = (options: PoolOptions = {}): Module => pool('max pool', options, maxPool2d);

function pool(
  name: string,
  { kernel = 2, stride = kernel }: PoolOptions,
  fn: (x: Tensor, kernel: number, options: { stride: number }) => Tensor,
): Module {
  if (![kernel, stride].every((size) => Number.isInteger(size) && size > 0)) {
    throw new ReparamError('config', `${name}: window and step`, {
      got: `${kernel} and ${stride}`,
      expected: 'positive whole numbers',
    });
  }
  return {
    describe: () => `${name} ${kernel}×${kernel}`,
    outputShape: (inputShape) => {
      const [channels, ...size] = needImage(name, inputShape);
      return [channels, ...size.map((n) => Math.floor((n - kernel) / stride) + 1)];
    },
    init: () => ({}),
    apply: (_, x) => overImages(x, (images) => fn(images, kernel, { stride })),
  };
}
