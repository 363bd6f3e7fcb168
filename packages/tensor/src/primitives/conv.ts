import { ReparamError } from '../errors.ts';
import { type HostTensor, sizeOf } from '../host.ts';
import { formatShape, sameDim } from '../shape.ts';
import { apply, elementCount, type Primitive, type Tensor } from '../tensor.ts';
import { allocate } from './loops.ts';
import { sum } from './reduce.ts';
import {
  checkGeometry,
  extraOf,
  type Geometry,
  gridOf,
  imageOf,
  imageSize,
  type Pair,
  pairOf,
  patchPositions,
  type WindowOptions,
} from './window.ts';

// Three operations of one form that is linear in each of its parts,
//   T(x, w, y) = Σ y[b,o,p] w[o,c,t] x[b,c,pixel(t,p)],
// with images x [B,C,H,W], weights w [O,C,kh,kw] and grids y [B,O,h,w]: each is the derivative of T in one part, so
// the gradients of each are the other two. A convolution makes y, a transposed one x.

/** Operands of the form; throws unless they agree. */
function checkParts(doing: string, geometry: Geometry, parts: { x?: Tensor; w?: Tensor; y?: Tensor; bias?: Tensor }) {
  const { x, w, y, bias } = parts;
  const grid = gridOf(geometry);
  const { image, kernel } = geometry;
  const fits = (t: Tensor | undefined, last: Pair) =>
    !t || (t.dtype === 'float32' && t.rank === 4 && t.shape[2] === last[0] && t.shape[3] === last[1]);
  const agree = (a: Tensor | undefined, i: number, b: Tensor | undefined, j: number) =>
    !a || !b || sameDim(a.shape[i]!, b.shape[j]!);
  const channels = doing === 'conv2d' ? w?.shape[0] : w?.shape[1];
  const biasFits = !bias || (bias.dtype === 'float32' && bias.rank === 1 && bias.shape[0] === channels);
  if (fits(x, image) && fits(w, kernel) && fits(y, grid) && biasFits) {
    if (agree(x, 0, y, 0) && agree(x, 1, w, 1) && agree(w, 0, y, 1)) return checkGeometry(geometry, doing);
  }
  const given = [x, w, y, bias].filter((t) => t !== undefined);
  throw new ReparamError('shape', `${doing}: operands do not fit`, {
    got: given.map((t) => `${t.dtype === 'float32' ? '' : `${t.dtype} `}${formatShape(t.shape)}`).join(' and '),
    expected:
      doing === 'conv2d'
        ? 'images [B, C, H, W], weights [O, C, kh, kw] and a bias [O], in float32'
        : 'images [B, C, H, W], weights [C, O, kh, kw] and a bias [O], in float32',
  });
}

/** Adds up the form: `visit` gets the places in x, w and y of every product. */
function eachProduct(geometry: Geometry, sizes: number[], visit: (x: number, w: number, y: number) => void): void {
  const [batch, outer, channels] = sizes as [number, number, number];
  const positions = patchPositions(geometry);
  const pixels = geometry.image[0] * geometry.image[1];
  const taps = geometry.kernel[0] * geometry.kernel[1];
  const places = positions.length / taps;
  for (let b = 0; b < batch; b++) {
    for (let o = 0; o < outer; o++) {
      for (let c = 0; c < channels; c++) {
        for (let t = 0; t < taps; t++) {
          const w = (o * channels + c) * taps + t;
          const x = (b * channels + c) * pixels;
          const y = (b * outer + o) * places;
          for (let p = 0; p < places; p++) {
            const position = positions[t * places + p]!;
            if (position >= 0) visit(x + position, w, y + p);
          }
        }
      }
    }
  }
}

/** Starts from the bias of each channel, or from 0. */
function startFrom(bias: HostTensor | undefined, shape: readonly number[]): Float64Array {
  const data = allocate('float32', sizeOf(shape)) as Float64Array;
  if (!bias) return data;
  const each = shape[2]! * shape[3]!;
  return data.map((_, i) => Number(bias.data[Math.floor(i / each) % shape[1]!]));
}

const numbers = (t: HostTensor) => t.data as Float64Array;
const flops = (geometry: Geometry, y: Tensor, channels: unknown): number =>
  2 * elementCount(y) * geometry.kernel[0] * geometry.kernel[1] * (channels as number);

/** Attributes of the native operators. */
const nativeWindow = ({ kernel, stride, padding }: Geometry) => ({
  kernel_shape: kernel,
  strides: stride,
  pads: [...padding, ...padding],
});

export const convOp: Primitive<Geometry> = {
  name: 'conv',
  infer: ([x, w, bias], geometry) => {
    checkParts('conv2d', geometry, { x: x!, w: w!, ...(bias && { bias }) });
    return { dtype: 'float32', shape: [x!.shape[0]!, w!.shape[0]!, ...gridOf(geometry)] };
  },
  vjp: (g, { inputs: [x, w], attrs }) => [
    apply(convTransposeOp, [g, w!], attrs),
    apply(convWeightOp, [x!, g], attrs),
    sum(g, { axes: [0, 2, 3] }),
  ],
  lower: (e, inputs, { attrs }) => e.node('Conv', inputs, nativeWindow(attrs)),
  evaluate: ([x, w, bias], geometry, shape) => {
    const data = startFrom(bias, shape);
    const [from, weights] = [numbers(x!), numbers(w!)];
    eachProduct(geometry, [shape[0]!, ...w!.shape], (xi, wi, yi) => {
      data[yi]! += from[xi]! * weights[wi]!;
    });
    return { dtype: 'float32', shape, data };
  },
  flops: (node) => flops(node.attrs, node as unknown as Tensor, node.inputs[0]!.shape[1]),
};

export const convTransposeOp: Primitive<Geometry> = {
  name: 'convTranspose',
  infer: ([y, w, bias], geometry) => {
    checkParts('convTranspose2d', geometry, { y: y!, w: w!, ...(bias && { bias }) });
    return { dtype: 'float32', shape: [y!.shape[0]!, w!.shape[1]!, ...geometry.image] };
  },
  vjp: (g, { inputs: [y, w], attrs }) => [
    apply(convOp, [g, w!], attrs),
    apply(convWeightOp, [g, y!], attrs),
    sum(g, { axes: [0, 2, 3] }),
  ],
  lower: (e, inputs, { attrs }) =>
    e.node('ConvTranspose', inputs, { ...nativeWindow(attrs), output_padding: extraOf(attrs) }),
  evaluate: ([y, w, bias], geometry, shape) => {
    const data = startFrom(bias, shape);
    const [from, weights] = [numbers(y!), numbers(w!)];
    eachProduct(geometry, [shape[0]!, ...w!.shape], (xi, wi, yi) => {
      data[xi]! += from[yi]! * weights[wi]!;
    });
    return { dtype: 'float32', shape, data };
  },
  flops: ({ inputs: [y], shape, attrs }) => flops(attrs, y!, shape[1]),
};

export const convWeightOp: Primitive<Geometry> = {
  name: 'convWeight',
  infer: ([x, y], geometry) => {
    checkParts('conv2d', geometry, { x: x!, y: y! });
    return { dtype: 'float32', shape: [y!.shape[1]!, x!.shape[1]!, ...geometry.kernel] };
  },
  vjp: (g, { inputs: [x, y], attrs }) => [apply(convTransposeOp, [y!, g], attrs), apply(convOp, [x!, g], attrs)],
  // A convolution over the batch: channels are its images, the grid its kernel, the stride its dilation.
  lower: (e, [x, y], { attrs: { kernel, stride, padding, image }, ...node }) => {
    const swap = (t: string) => e.node('Transpose', [t], { perm: [1, 0, 2, 3] });
    const grid = node.inputs[1]!.shape.slice(2) as unknown as Pair;
    const full = e.node('Conv', [swap(x!), swap(y!)], {
      kernel_shape: grid,
      dilations: stride,
      pads: [...padding, ...padding],
    });
    const isExact = [0, 1].every((i) => image[i]! + 2 * padding[i]! - (grid[i]! - 1) * stride[i]! === kernel[i]!);
    return swap(isExact ? full : e.node('Slice', [full, e.int64([0, 0]), e.int64(kernel), e.int64([2, 3])]));
  },
  evaluate: ([x, y], geometry, shape) => {
    const data = startFrom(undefined, shape);
    const [from, to] = [numbers(x!), numbers(y!)];
    eachProduct(geometry, [x!.shape[0]!, ...shape], (xi, wi, yi) => {
      data[wi]! += from[xi]! * to[yi]!;
    });
    return { dtype: 'float32', shape, data };
  },
  flops: ({ inputs: [x, y], attrs }) => flops(attrs, y!, x!.shape[1]),
};

/** Options of `conv2d`. */
export interface ConvOptions extends WindowOptions {
  /** One number for each channel of the result, [O]. */
  readonly bias?: Tensor;
}

const geometryOf = (weight: Tensor, { stride = 1, padding = 0 }: ConvOptions) => ({
  kernel: weight.shape.slice(2) as unknown as Pair,
  stride: pairOf(stride),
  padding: pairOf(padding),
});

/**
 * Cross-correlation of images [B, C, H, W] with weights [O, C, kh, kw], zeros around the border: [B, O, h, w] with
 * h = ⌊(H + 2·padding − kh) / stride⌋ + 1. Reshape further leading axes (samples) into the batch first.
 */
export const conv2d = (x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor =>
  apply(convOp, options.bias ? [x, weight, options.bias] : [x, weight], {
    ...geometryOf(weight, options),
    image: imageSize(x, 'conv2d'),
  });

/** Options of `convTranspose2d`. */
export interface ConvTransposeOptions extends ConvOptions {
  /** Rows at the bottom and columns at the right beyond the smallest image, less than the stride. */
  readonly outputPadding?: number | Pair;
}

/**
 * Transposed convolution: images [B, C, H, W] and weights [C, O, kh, kw] give [B, O, H', W'] with
 * H' = (H − 1)·stride − 2·padding + kh + outputPadding. Reshape further leading axes (samples) into the batch first.
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  const window = geometryOf(weight, options);
  const extra = pairOf(options.outputPadding ?? 0);
  const image = imageOf(window, imageSize(x, 'convTranspose2d'), extra);
  if (extra.some((n, i) => !Number.isInteger(n) || n < 0 || n >= window.stride[i]!)) {
    throw new ReparamError('shape', 'convTranspose2d: output padding', {
      got: extra.join('×'),
      expected: `whole numbers from 0 up and less than the stride ${window.stride.join('×')}`,
    });
  }
  return apply(convTransposeOp, options.bias ? [x, weight, options.bias] : [x, weight], { ...window, image });
}
