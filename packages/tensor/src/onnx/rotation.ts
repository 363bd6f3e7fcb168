import { eventLogProbOp } from '../primitives/likelihood.ts';
import { broadcastTo, reshape, transpose } from '../primitives/structure.ts';
import type { Geometry } from '../primitives/window.ts';
import { type Dim, isStatic, type Shape, sameDim, sameShape } from '../shape.ts';
import { apply, type Tensor } from '../tensor.ts';
import type { BatchLast } from './batchLast.ts';

// A tensor is rotated when its first axis, the batch, is kept last: a matrix lies transposed, images [B, C, H, W] lie as
// [C, H, W, B].

/** Reads an operand rotated, as an operand of the given rank (its own unless stated). */
export type Rotated = (operand: Tensor, rank?: number) => Tensor;

/** How an operation works on rotated operands. */
export interface Rotation {
  /** Operands that must lie like the result, or like each other where the result does not rotate. */
  readonly tied: readonly Tensor[];
  /** Whether the result is rotated too; else it is the plain one. */
  readonly rotatesResult: boolean;
  readonly make: (rotated: Rotated, batchLast: BatchLast) => Tensor;
}

export const canRotate = (t: Tensor): boolean => t.rank >= 2 && isStatic(t.shape);
const rotateList = <T>([first, ...rest]: readonly T[]): T[] => [...rest, first as T];
export const rotateShape = (shape: Shape): Dim[] => rotateList(shape);

/** `t` rotated, as an operand of rank `rank`: without moving anything where all but one part of it have size 1. */
export function rotate(t: Tensor, rank = t.rank): Tensor {
  if (t.rank === 0) return t;
  const shape = [...new Array<number>(rank - t.rank).fill(1), ...t.shape];
  const [first, ...rest] = shape;
  if (first === 1 || rest.every((d) => d === 1)) return reshape(t, rotateShape(shape));
  return transpose(t, rotateList([...shape.keys()]));
}

/** The opposite of `rotate`. */
export const rotateBack = (t: Tensor): Tensor => {
  const axes = [...t.shape.keys()];
  const shape = [t.shape.at(-1)!, ...t.shape.slice(0, -1)];
  const isFlat = t.shape.at(-1) === 1 || t.shape.slice(0, -1).every((d) => d === 1);
  return isFlat ? reshape(t, shape) : transpose(t, [axes.at(-1)!, ...axes.slice(0, -1)]);
};

const image = (node: Tensor, make: (x: Tensor, batchLast: BatchLast, geometry: Geometry) => Tensor): Rotation => ({
  tied: [node.inputs[0]!],
  rotatesResult: true,
  make: (rotated, batchLast) => make(rotated(node.inputs[0]!), batchLast, node.attrs as Geometry),
});

const reduction = (node: Tensor): Rotation | undefined => {
  const [x] = node.inputs as [Tensor];
  const { axes } = node.attrs as { axes: readonly number[] };
  const keepsBatch = !axes.includes(0);
  const moved = axes.map((axis) => (axis === 0 ? x.rank - 1 : axis - 1)).sort((a, b) => a - b);
  return {
    tied: [x],
    rotatesResult: keepsBatch && node.rank >= 2,
    make: (rotated) => apply(node.op, [rotated(x)], { axes: moved }),
  };
};

/** Same operation with other attributes, for operations that leave the first axis alone. */
const alongOthers = (node: Tensor, leavesBatch: boolean, attrs: unknown): Rotation | undefined =>
  leavesBatch
    ? {
        tied: node.inputs,
        rotatesResult: true,
        make: (rotated) =>
          apply(
            node.op,
            node.inputs.map((t) => rotated(t)),
            attrs,
          ),
      }
    : undefined;

const rules: Record<string, (node: Tensor) => Rotation | undefined> = {
  sum: reduction,
  max: reduction,
  min: reduction,
  reshape: (node) => {
    const [x] = node.inputs as [Tensor];
    if (x.rank < 2 || node.rank < 2 || !sameDim(x.shape[0]!, node.shape[0]!)) return undefined;
    return { tied: [x], rotatesResult: true, make: (rotated) => reshape(rotated(x), rotateShape(node.shape)) };
  },
  broadcastTo: (node) => ({
    tied: node.inputs.filter((t) => t.rank === node.rank && sameDim(t.shape[0]!, node.shape[0]!)),
    rotatesResult: true,
    make: (rotated) => broadcastTo(rotated(node.inputs[0]!, node.rank), rotateShape(node.shape)),
  }),
  transpose: (node) => {
    const { perm } = node.attrs as { perm: number[] };
    const moved = rotateList(perm).map((axis) => (axis === 0 ? perm.length - 1 : axis - 1));
    return alongOthers(node, perm[0] === 0, { perm: moved });
  },
  slice: (node) => {
    const { starts, ends } = node.attrs as { starts: number[]; ends: Dim[] };
    const leavesBatch = starts[0] === 0 && sameDim(ends[0]!, node.inputs[0]!.shape[0]!);
    return alongOthers(node, leavesBatch, { starts: rotateList(starts), ends: rotateList(ends) });
  },
  pad: (node) => {
    const { before, after } = node.attrs as { before: number[]; after: number[] };
    return alongOthers(node, before[0] === 0 && after[0] === 0, {
      before: rotateList(before),
      after: rotateList(after),
    });
  },
  concat: (node) => {
    const { axis } = node.attrs as { axis: number };
    return alongOthers(node, axis > 0, { axis: axis - 1 });
  },
  bernoulliEventLogProb: (node) => {
    const [x, l] = node.inputs as [Tensor, Tensor];
    if ((node.attrs as { fromEnd: number }).fromEnd !== 1 || x.rank !== 2 || !sameShape(x.shape, l.shape)) {
      return undefined;
    }
    return {
      tied: [x, l],
      rotatesResult: false,
      make: (rotated) => apply(eventLogProbOp, [rotated(x), rotated(l)], { fromEnd: 2 }),
    };
  },
  conv: (node) => image(node, (x, b, g) => b.conv(x, node.inputs[1]!, node.inputs[2], g)),
  convTranspose: (node) => image(node, (y, b, g) => b.convTranspose(y, node.inputs[1]!, node.inputs[2], g)),
  convWeight: (node) => ({
    tied: node.inputs,
    rotatesResult: false,
    make: (rotated, batchLast) =>
      batchLast.convWeight(rotated(node.inputs[0]!), rotated(node.inputs[1]!), node.attrs as Geometry),
  }),
  unfold: (node) => image(node, (x, b, g) => b.unfold(x, g)),
  fold: (node) => image(node, (p, b, g) => b.fold(p, g)),
  maxPool: (node) => image(node, (x, b, g) => b.maxPool(x, g)),
};

/** Elementwise: broadcast operands turn with the rest. A function of a reshaped tensor is taken before the reshape, so that it can join the product. */
const pointwise = (node: Tensor): Rotation => ({
  tied: node.inputs.filter((t) => canRotate(t) && sameShape(t.shape, node.shape)),
  rotatesResult: true,
  make: (rotated) => {
    const operands = node.inputs.map((t) => rotated(t, node.rank));
    const [only] = operands as [Tensor];
    if (operands.length > 1 || only.op.name !== 'reshape') return apply(node.op, operands, node.attrs);
    return reshape(apply(node.op, [only.inputs[0]!], node.attrs), only.shape);
  },
});

/** How `node` works on rotated operands; undefined where it needs them as they are. */
export function rotationOf(node: Tensor): Rotation | undefined {
  if (!node.inputs.every((t) => isStatic(t.shape))) return undefined;
  const rotation = node.op.pointwise ? pointwise(node) : rules[node.op.name]?.(node);
  const isUsable = rotation?.tied.every(canRotate) && (!rotation.rotatesResult || canRotate(node));
  return isUsable ? rotation : undefined;
}
