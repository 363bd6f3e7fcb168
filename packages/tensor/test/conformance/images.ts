import { avgPool2d, conv2d, convTranspose2d, fold, maxPool2d, unfold } from '@reparam/tensor';
import { floats, normals, type Row, type Tolerance } from './row.ts';

const images = normals([2, 2, 5, 4], 3);
const summed: Tolerance = { absolute: 3e-6, because: 'up to 60 products of size 2 are added in another order' };

const convolutions: Row[] = (
  [
    ['stride 1', { padding: 1 }, [3, 2, 3, 3]],
    ['stride 2, a row of the image left over', { stride: 2, padding: 1 }, [3, 2, 4, 3]],
    ['1×1', {}, [3, 2, 1, 1]],
    ['uneven step and border', { stride: [2, 1], padding: [2, 0] }, [1, 2, 5, 2]],
  ] as const
).map(([variant, options, weights]) => ({
  name: 'conv2d' as const,
  variant,
  fn: (x, w, bias) => conv2d(x!, w!, { ...options, bias: bias! }),
  args: [images, normals(weights, 4), normals([weights[0]], 5)],
  smooth: true,
  batch: [true, false, false],
  tolerance: summed,
}));

const transposed: Row[] = (
  [
    ['stride 1', { padding: 1 }, [2, 3, 3, 3]],
    ['stride 2', { stride: 2, padding: 1 }, [2, 3, 4, 4]],
    ['stride 2, a row more', { stride: 2, padding: 1, outputPadding: [1, 0] }, [2, 3, 3, 4]],
  ] as const
).map(([variant, options, weights]) => ({
  name: 'convTranspose2d' as const,
  variant,
  fn: (x, w, bias) => convTranspose2d(x!, w!, { ...options, bias: bias! }),
  args: [normals([2, 2, 3, 2], 3), normals(weights, 4), normals([weights[1]], 5)],
  smooth: true,
  batch: [true, false, false],
  tolerance: summed,
}));

const square = (side: number) =>
  floats(
    Array.from({ length: side * side }, (_, i) => i + 1),
    [1, 1, side, side],
  );
const ones = (...shape: number[]) => floats(new Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);

/** Convolutions, patches, poolings. */
export const imageRows: readonly Row[] = [
  ...convolutions,
  {
    name: 'conv2d',
    variant: 'known',
    fn: (x, w) => conv2d(x, w, { stride: 2, padding: 1 }),
    args: [square(3), ones(1, 1, 2, 2)],
    exact: {
      value: [1, 5, 11, 28],
      gradients: [
        [1, 1, 1, 1, 1, 1, 1, 1, 1],
        [5, 10, 10, 20],
      ],
    },
  },
  ...transposed,
  {
    name: 'convTranspose2d',
    variant: 'known',
    fn: (x, w) => convTranspose2d(x, w, { stride: 1 }),
    args: [square(2), ones(1, 1, 2, 2)],
    exact: {
      value: [1, 3, 2, 4, 10, 6, 3, 7, 4],
      gradients: [
        [4, 4, 4, 4],
        [10, 10, 10, 10],
      ],
    },
  },
  {
    name: 'unfold',
    fn: (x) => unfold(x, { kernel: [3, 2], stride: [2, 1], padding: 1 }),
    args: [images],
    smooth: true,
    batch: [true],
  },
  {
    name: 'unfold',
    variant: 'known',
    fn: (x) => unfold(x, { kernel: 2 }),
    args: [square(3)],
    exact: {
      value: [1, 2, 4, 5, 2, 3, 5, 6, 4, 5, 7, 8, 5, 6, 8, 9],
      gradients: [[1, 2, 1, 2, 4, 2, 1, 2, 1]],
    },
  },
  {
    name: 'fold',
    fn: (p) => fold(p, [5, 4], { kernel: 3, stride: 2, padding: 1 }),
    args: [normals([2, 2, 9, 6], 6)],
    smooth: true,
    batch: [true],
  },
  {
    name: 'avgPool2d',
    fn: (x) => avgPool2d(x, 2),
    args: [images],
    smooth: true,
    batch: [true],
  },
  {
    name: 'avgPool2d',
    variant: 'overlapping, with a border of zeros',
    fn: (x) => avgPool2d(x, 3, { stride: 2, padding: 1 }),
    args: [square(3)],
    exact: {
      value: [12 / 9, 16 / 9, 24 / 9, 28 / 9],
      gradients: [[1, 2, 1, 2, 4, 2, 1, 2, 1].map((n) => n / 9)],
    },
  },
  {
    name: 'maxPool2d',
    fn: (x) => maxPool2d(x, [3, 2], { stride: [2, 1], padding: 1 }),
    args: [images],
    smooth: true,
    batch: [true],
  },
  {
    name: 'maxPool2d',
    variant: 'ties share, the border is never chosen',
    fn: (x) => maxPool2d(x, 2, { stride: 2, padding: 1 }),
    args: [floats([-17, -100, -100, -17, -17, -17, -100, 100, -1], [1, 1, 3, 3])],
    exact: {
      value: [-17, -100, -17, 100],
      gradients: [[1, 0.5, 0.5, 1, 0, 0, 0, 1, 0]],
    },
  },
];
