import { ReparamError } from '../errors.ts';
import { sizeOf } from '../host.ts';
import { broadcastShapes, formatShape, type Shape, sameDim, sameShape } from '../shape.ts';
import { apply, type Primitive, type Tensor } from '../tensor.ts';
import { allocate, broadcastOffsets } from './loops.ts';
import { sumTo } from './structure.ts';

/** Options of `matmul`: transposes and a bias, which cost no operation of their own. */
export interface MatmulOptions {
  /** Use the transpose of the last two axes of `a`. */
  readonly transA?: boolean;
  /** Use the transpose of the last two axes of `b`. */
  readonly transB?: boolean;
  /** Added to the product (rank-2 operands only); broadcasts to it. */
  readonly bias?: Tensor;
}

interface MatmulAttrs {
  readonly transA: boolean;
  readonly transB: boolean;
}

const oriented = (shape: Shape, trans: boolean) => {
  const [rows, columns] = shape.slice(-2) as unknown as [Shape[number], Shape[number]];
  return trans ? { rows: columns, columns: rows } : { rows, columns };
};

const describe = ({ dtype, shape }: Tensor): string => `${dtype === 'float32' ? '' : `${dtype} `}${formatShape(shape)}`;

/** Where an axis lies after the last two are swapped. */
const swapped = (rank: number) => (axis: number) =>
  axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis;
const isSwap = (perm: readonly number[]): boolean =>
  perm.length >= 2 && perm.every((p, i) => p === swapped(perm.length)(i));

export const matmulOp: Primitive<MatmulAttrs> = {
  name: 'matmul',
  infer: ([a, b, bias], { transA, transB }) => {
    const fail = () =>
      new ReparamError('shape', 'matmul: operands do not fit', {
        got: `${describe(a!)}${transA ? 'ᵀ' : ''} × ${describe(b!)}${transB ? 'ᵀ' : ''}${
          bias ? ` + ${describe(bias)}` : ''
        }`,
        expected:
          'float32 matrices (or batches of them) whose inner sizes agree, and a bias that broadcasts to their product',
      });
    if (a!.rank < 2 || b!.rank < 2 || [a!, b!, bias ?? a!].some((t) => t.dtype !== 'float32')) throw fail();
    const left = oriented(a!.shape, transA);
    const right = oriented(b!.shape, transB);
    if (!sameDim(left.columns, right.rows)) throw fail();
    const batch = broadcastShapes(a!.shape.slice(0, -2), b!.shape.slice(0, -2), 'matmul');
    const shape = [...batch, left.rows, right.columns];
    if (bias && (shape.length !== 2 || !sameShape(broadcastShapes(bias.shape, shape, 'matmul'), shape))) throw fail();
    return { dtype: 'float32', shape };
  },
  vjp: (g, { inputs: [a, b, bias], attrs: { transA, transB } }) => {
    const ga = transA ? matmul(b!, g, { transA: transB, transB: true }) : matmul(g, b!, { transB: !transB });
    const gb = transB ? matmul(g, a!, { transA: true, transB: transA }) : matmul(a!, g, { transA: !transA });
    return [sumTo(ga, a!.shape), sumTo(gb, b!.shape), bias ? sumTo(g, bias.shape) : null];
  },
  lower: (e, [a, b, bias], { inputs, attrs: { transA, transB } }) => {
    if (inputs[0]!.rank === 2 && inputs[1]!.rank === 2) {
      const operands = bias === undefined ? [a!, b!] : [a!, b!, bias];
      return e.node('Gemm', operands, { transA: transA ? 1 : 0, transB: transB ? 1 : 0 });
    }
    const flip = (name: string, rank: number, trans: boolean) =>
      trans ? e.node('Transpose', [name], { perm: Array.from({ length: rank }, (_, i) => swapped(rank)(i)) }) : name;
    return e.node('MatMul', [flip(a!, inputs[0]!.rank, transA), flip(b!, inputs[1]!.rank, transB)]);
  },
  evaluate: ([a, b, bias], { transA, transB }, shape) => {
    const [m, n] = shape.slice(-2) as [number, number];
    const k = a!.shape.at(transA ? -2 : -1)!;
    const batch = shape.slice(0, -2);
    const starts = (t: readonly number[]) => broadcastOffsets(t.slice(0, -2), batch);
    const startsA = starts(a!.shape);
    const startsB = starts(b!.shape);
    const [ai, ak] = transA ? [1, m] : [k, 1];
    const [bk, bj] = transB ? [1, k] : [n, 1];
    const data = allocate('float32', sizeOf(shape));
    const biasAt = bias && broadcastOffsets(bias.shape, shape);
    for (let s = 0; s < startsA.length; s++) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          const at = (s * m + i) * n + j;
          let total = biasAt ? Number(bias!.data[biasAt[at]!]) : 0;
          const aStart = startsA[s]! * m * k + i * ai!;
          const bStart = startsB[s]! * k * n + j * bj!;
          for (let q = 0; q < k; q++) {
            total += Number(a!.data[aStart + q * ak!]) * Number(b!.data[bStart + q * bk!]);
          }
          data[at] = total;
        }
      }
    }
    return { dtype: 'float32', shape, data };
  },
  simplify: ({ inputs: [a, b, bias], attrs: { transA, transB } }) => {
    // A transpose before a product costs nothing inside it.
    const bare = (t: Tensor) =>
      t.op.name === 'transpose' && isSwap((t.attrs as { perm: number[] }).perm) ? t.inputs[0]! : undefined;
    const bareA = bare(a!);
    const bareB = bare(b!);
    if (!bareA && !bareB) return undefined;
    return matmul(bareA ?? a!, bareB ?? b!, {
      transA: bareA ? !transA : transA,
      transB: bareB ? !transB : transB,
      ...(bias && { bias }),
    });
  },
  flops: ({ inputs: [a], shape, attrs }) => {
    const inner = a!.shape.at(attrs.transA ? -2 : -1);
    const result = shape.reduce<number>((p, d) => p * (typeof d === 'number' ? d : 0), 1);
    return typeof inner === 'number' ? 2 * inner * result : 0;
  },
};

/** Matrix product over the last two axes; leading axes broadcast. Optionally plus a bias, in one operation. */
export function matmul(a: Tensor, b: Tensor, { transA = false, transB = false, bias }: MatmulOptions = {}): Tensor {
  return apply(matmulOp, bias ? [a, b, bias] : [a, b], { transA, transB });
}
