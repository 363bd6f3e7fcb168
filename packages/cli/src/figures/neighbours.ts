import { hostTensor } from '@reparam/tensor';
import { nearestRows, sample, widthOf } from 'reparam';
import { pictureTable } from 'reparam/plot';
import { conditionsOf } from './context.ts';
import type { FigureKind } from './figure.ts';
import { cellsOf } from './interpolation.ts';

const [count, nearest] = [8, 5];

/** Samples beside the training examples nearest to them. */
export const neighbours: FigureKind = {
  name: 'neighbours',
  summary: 'samples and the training examples nearest to each: whether the model memorises',
  missing: ({ size }) => (size ? undefined : 'the examples are no images'),
  async draw(context) {
    const { model, params, seed, decoding, test } = context;
    const train = await context.train();
    const width = widthOf(train);
    const condition = conditionsOf(
      test,
      Array.from({ length: count }, (_, i) => i % test.size),
    );
    const { mean } = await sample(model, params, count, { ...decoding, seed, condition });
    const found = nearestRows(mean.data, train, width, nearest);
    const rows = Float32Array.from({ length: count * nearest * width }, (_, j) => {
      const row = found.indices[Math.floor(j / width)]!;
      return train.data[row * width + (j % width)]! * train.scale;
    });
    const samples = cellsOf(await context.grey(mean), count);
    const examples = cellsOf(await context.grey(hostTensor(rows, [count * nearest, width])), count * nearest);
    return [
      {
        file: 'neighbours',
        title: 'Nearest training examples',
        caption: `Means of p(x|z) for ${count} draws from the prior (framed), and the ${nearest} of ${train.size.toLocaleString('en')} training examples nearest to each, with the Euclidean distance in pixel values. A sample that is the copy of one example would stand at a distance far below those to the next.`,
        svg: pictureTable({
          ...context.size!,
          title: 'Samples and their nearest training examples',
          columns: ['sample', ...Array.from({ length: nearest }, (_, i) => `nearest ${i + 1}`)],
          rows: samples.map((own, i) => ({
            cells: [
              { ...own, marked: true },
              ...examples.slice(i * nearest, (i + 1) * nearest).map((cell, n) => ({
                ...cell,
                note: found.distances[i * nearest + n]!.toFixed(2),
              })),
            ],
          })),
        }),
      },
    ];
  },
};
