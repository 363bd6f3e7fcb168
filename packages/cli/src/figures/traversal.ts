import { encode, take, traverse } from 'reparam';
import { type ImageSize, pictureTable } from 'reparam/plot';
import { conditionsOf } from './context.ts';
import type { FigureKind } from './figure.ts';

const [maxRows, steps, range] = [10, 11, 3];

/** Each latent dimension moved through the prior's range. */
export const traversal: FigureKind = {
  name: 'traversal',
  summary: 'what each latent dimension does, that of the largest KL first',
  missing: ({ size }) => (size ? undefined : 'the examples are no images'),
  async draw(context) {
    const { model, params, test, binarization, seed, decoding } = context;
    const dims = (await context.order()).slice(0, maxRows);
    const kl = await context.kl();
    const first = take(test, 1);
    const { mean: around } = await encode(model, params, first, { ...decoding, binarization, seed });
    const condition = conditionsOf(first, Array<number>(dims.length * steps).fill(0));
    const { mean } = await traverse(model, params, { ...decoding, dims, steps, range, around, condition });
    const svg = traversalTable(await context.grey(mean), { size: context.size!, dims, kl, steps, range });
    return [
      {
        file: 'traversal',
        title: 'Traversals',
        caption: `The code of the first test example with one dimension at a time moved from −${range} to ${range} standard deviations of the prior. Rows that hardly change belong to dimensions the decoder does not use; their KL is near 0.`,
        svg,
      },
    ];
  },
};

/** Rows of decoded pictures, one a latent dimension, with its KL beside it. */
export function traversalTable(
  pixels: Float32Array,
  {
    size,
    dims,
    kl,
    steps,
    range,
  }: {
    readonly size: ImageSize;
    readonly dims: readonly number[];
    readonly kl?: readonly number[] | undefined;
    readonly steps: number;
    readonly range: number;
  },
): string {
  const width = pixels.length / (dims.length * steps);
  return pictureTable({
    ...size,
    title: 'Traversals of latent dimensions',
    columns: Array.from({ length: steps }, (_, k) => signed(range * ((2 * k) / (steps - 1) - 1))),
    rows: dims.map((dim, row) => ({
      label: `z${dim}`,
      ...(kl && { note: `${kl[dim]!.toFixed(2)} nats` }),
      cells: Array.from({ length: steps }, (_, k) => {
        const at = (row * steps + k) * width;
        return { pixels: pixels.subarray(at, at + width) };
      }),
    })),
  });
}

const signed = (value: number): string => String(Math.round(value * 100) / 100).replace('-', '−');
