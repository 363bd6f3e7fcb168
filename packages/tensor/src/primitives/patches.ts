import { ReparamError } from '../errors.ts';
import { sizeOf } from '../host.ts';
import type { Emitter } from '../onnx/emitter.ts';
import { formatShape, multiplyDims } from '../shape.ts';
import { apply, type Primitive, type Tensor } from '../tensor.ts';
import { allocate } from './loops.ts';
import {
  checkGeometry,
  type Geometry,
  gridOf,
  imageSize,
  type Pair,
  pairOf,
  patchPositions,
  pixelSources,
  type WindowOptions,
} from './window.ts';

const area = ([a, b]: Pair): number => a * b;

/** Reads a flattened last axis of `size` elements and a 0 behind them; index −1 is that 0. */
function gatherWithZero(e: Emitter, flat: string, rank: number, size: number, indices: Int32Array, shape: number[]) {
  const widths = new Array<number>(2 * rank).fill(0).with(-1, 1);
  const padded = indices.includes(-1) ? e.node('Pad', [flat, e.int64(widths)]) : flat;
  const data = indices.map((i) => (i < 0 ? size : i));
  return e.node('Gather', [padded, e.constant({ dtype: 'int32', shape, data })], { axis: rank - 1 });
}

export const unfoldOp: Primitive<Geometry> = {
  name: 'unfold',
  infer: ([x], geometry) => {
    checkGeometry(geometry, 'unfold');
    const [batch, channels] = x!.shape as [number, number];
    return { dtype: 'float32', shape: [batch, channels, area(geometry.kernel), area(gridOf(geometry))] };
  },
  vjp: (g, { attrs }) => [apply(foldOp, [g], attrs)],
  lower: (e, [x], { inputs, attrs }) => {
    const pixels = area(attrs.image);
    const flat = e.node('Reshape', [x!, e.shape([...inputs[0]!.shape.slice(0, 2), pixels])]);
    return gatherWithZero(e, flat, 3, pixels, patchPositions(attrs), [area(attrs.kernel), area(gridOf(attrs))]);
  },
  evaluate: ([x], geometry, shape) => {
    const data = allocate('float32', sizeOf(shape));
    const positions = patchPositions(geometry);
    const pixels = area(geometry.image);
    for (let i = 0; i < data.length; i++) {
      const position = positions[i % positions.length]!;
      data[i] = position < 0 ? 0 : x!.data[Math.floor(i / positions.length) * pixels + position]!;
    }
    return { dtype: 'float32', shape, data };
  },
  flops: () => 0,
};

export const foldOp: Primitive<Geometry> = {
  name: 'fold',
  infer: ([p], geometry) => {
    checkGeometry(geometry, 'fold');
    const expected = [area(geometry.kernel), area(gridOf(geometry))];
    if (p!.rank !== 4 || p!.dtype !== 'float32' || p!.shape[2] !== expected[0] || p!.shape[3] !== expected[1]) {
      throw new ReparamError('shape', 'fold: not the patches of this window and image', {
        got: `${p!.dtype} ${formatShape(p!.shape)}`,
        expected: `float32 [batch, channels, ${expected.join(', ')}]`,
      });
    }
    return { dtype: 'float32', shape: [p!.shape[0]!, p!.shape[1]!, ...geometry.image] };
  },
  vjp: (g, { attrs }) => [apply(unfoldOp, [g], attrs)],
  lower: (e, [p], { inputs, shape, attrs }) => {
    const elements = multiplyDims(inputs[0]!.shape[2]!, inputs[0]!.shape[3]!) as number;
    const flat = e.node('Reshape', [p!, e.shape([...inputs[0]!.shape.slice(0, 2), elements])]);
    const sources = pixelSources(attrs);
    const indices = Int32Array.from(sources.flatMap((row) => [...row]));
    const read = gatherWithZero(e, flat, 3, elements, indices, [sources.length, area(attrs.image)]);
    return e.node('Reshape', [e.node('ReduceSum', [read, e.int64([2])], { keepdims: 0 }), e.shape(shape)]);
  },
  evaluate: ([p], geometry, shape) => {
    const data = new Float64Array(sizeOf(shape));
    const positions = patchPositions(geometry);
    const pixels = area(geometry.image);
    p!.data.forEach((value: number | bigint, i: number) => {
      const position = positions[i % positions.length]!;
      if (position >= 0) data[Math.floor(i / positions.length) * pixels + position]! += Number(value);
    });
    return { dtype: 'float32', shape, data };
  },
};

/** Options of `unfold` and `fold`: the kernel beside stride and padding. */
export interface PatchOptions extends WindowOptions {
  readonly kernel: number | Pair;
}

const windowOf = ({ kernel, stride = 1, padding = 0 }: PatchOptions) => ({
  kernel: pairOf(kernel),
  stride: pairOf(stride),
  padding: pairOf(padding),
});

/** Patches of images [B, C, H, W] under a sliding window: [B, C, kh·kw, h·w], with 0 for the border. */
export const unfold = (x: Tensor, options: PatchOptions): Tensor =>
  apply(unfoldOp, [x], { ...windowOf(options), image: imageSize(x, 'unfold') });

/** Adds patches [B, C, kh·kw, h·w] into images [B, C, H, W] of size `image`: the transpose of `unfold`. */
export const fold = (patches: Tensor, image: Pair, options: PatchOptions): Tensor =>
  apply(foldOp, [patches], { ...windowOf(options), image });
