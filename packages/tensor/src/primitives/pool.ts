import { ReparamError } from '../errors.ts';
import { type HostTensor, sizeOf } from '../host.ts';
import { apply, elementCount, type Primitive, type Tensor } from '../tensor.ts';
import { add, div, mul } from './arithmetic.ts';
import { equal } from './compare.ts';
import { allocate } from './loops.ts';
import { type PatchOptions, unfold, unfoldOp } from './patches.ts';
import { sum } from './reduce.ts';
import { constant } from './source.ts';
import { cast, reshape } from './structure.ts';
import { checkGeometry, type Geometry, gridOf, imageSize, type Pair, pairOf, patchPositions } from './window.ts';

/** Options of the poolings: the stride is the size of the window unless stated. */
export interface PoolOptions {
  readonly stride?: number | Pair;
  readonly padding?: number | Pair;
}

function patchOptions(x: Tensor, size: number | Pair, options: PoolOptions, doing: string): PatchOptions & Geometry {
  const window = {
    kernel: pairOf(size),
    stride: pairOf(options.stride ?? size),
    padding: pairOf(options.padding ?? 0),
    image: imageSize(x, doing),
  };
  checkGeometry(window, doing);
  if (window.padding.some((p, i) => 2 * p > window.kernel[i]!)) {
    throw new ReparamError('shape', `${doing}: padding is more than half of the window`, {
      got: `padding ${window.padding.join('×')} with a window of ${window.kernel.join('×')}`,
      expected: 'a window that always sees a pixel',
    });
  }
  return window;
}

/**
 * Mean of each window of `size` in images [B, C, H, W]; the border counts as zeros. The stride is the size unless
 * stated. Result [B, C, h, w].
 */
export function avgPool2d(x: Tensor, size: number | Pair, options: PoolOptions = {}): Tensor {
  const window = patchOptions(x, size, options, 'avgPool2d');
  const patches = unfold(x, window);
  const means = mul(sum(patches, { axes: 2 }), 1 / (window.kernel[0] * window.kernel[1]));
  return reshape(means, [x.shape[0]!, x.shape[1]!, ...gridOf(window)]);
}

/** −∞ where a window reaches over the border, 0 elsewhere: [kh·kw, h·w]. */
export function border(geometry: Geometry): HostTensor {
  const positions = patchPositions(geometry);
  const data = Float32Array.from(positions, (p) => (p < 0 ? Number.NEGATIVE_INFINITY : 0));
  const taps = geometry.kernel[0] * geometry.kernel[1];
  return { dtype: 'float32', shape: [taps, positions.length / taps], data };
}

const maxPoolOp: Primitive<Geometry> = {
  name: 'maxPool',
  infer: ([x], geometry) => ({ dtype: 'float32', shape: [...x!.shape.slice(0, 2), ...gridOf(geometry)] }),
  vjp: (g, node) => {
    const { inputs, attrs, shape } = node;
    const patches = unfold(inputs[0]!, attrs);
    const perWindow = (t: Tensor) => reshape(t, [...shape.slice(0, 2), 1, patches.shape[3]!]);
    // Pixels that share the greatest value of a window share its gradient.
    const seen = attrs.padding.some((p) => p > 0) ? add(patches, constant(border(attrs))) : patches;
    const chosen = cast(equal(seen, perWindow(node as unknown as Tensor)), 'float32');
    const share = div(chosen, sum(chosen, { axes: 2, keepDims: true }));
    return unfoldOp.vjp!(mul(perWindow(g), share), patches as Tensor<Geometry> & Tensor);
  },
  lower: (e, [x], { attrs: { kernel, stride, padding } }) =>
    e.node('MaxPool', [x!], { kernel_shape: kernel, strides: stride, pads: [...padding, ...padding] }),
  evaluate: ([x], geometry, shape) => {
    const positions = patchPositions(geometry);
    const data = allocate('float32', sizeOf(shape));
    data.fill(Number.NEGATIVE_INFINITY as never);
    const places = shape[2]! * shape[3]!;
    const pixels = geometry.image[0] * geometry.image[1];
    for (let i = 0; i < data.length; i++) {
      for (let t = i % places; t < positions.length; t += places) {
        if (positions[t]! < 0 || Number.isNaN(data[i])) continue;
        const value = x!.data[Math.floor(i / places) * pixels + positions[t]!]!;
        if (!(value <= data[i]!)) data[i] = value;
      }
    }
    return { dtype: 'float32', shape, data };
  },
  flops: (node) => elementCount(node as unknown as Tensor) * node.attrs.kernel[0] * node.attrs.kernel[1],
};

/**
 * Greatest value of each window of `size` in images [B, C, H, W]; the border is never chosen. The stride is the size
 * unless stated. Result [B, C, h, w]; equal greatest values share the gradient.
 */
export const maxPool2d = (x: Tensor, size: number | Pair, options: PoolOptions = {}): Tensor =>
  apply(maxPoolOp, [x], patchOptions(x, size, options, 'maxPool2d'));
