import { sample } from 'reparam';
import { pictureTable } from 'reparam/plot';
import type { FigureKind } from './figure.ts';
import { cellsOf, classCondition, conditionRows } from './interpolation.ts';

const columns = 10;

/** Samples of every class from a conditional model. */
export const classGrid: FigureKind = {
  name: 'classes',
  summary: 'samples of each class, from a model that is given the class',
  missing: ({ size, model, test }) => {
    if (!size) return 'the examples are no images';
    return model.conditionSize && test.condition && test.labels ? undefined : 'the model is not given a class';
  },
  async draw(context) {
    const { model, params, test, seed, decoding } = context;
    const labels = [...new Set(test.labels!)].filter((label) => label >= 0).sort((a, b) => a - b);
    const condition = conditionRows(
      labels.flatMap((label) => Array<Float32Array | undefined>(columns).fill(classCondition(context, label))),
    );
    const { mean } = await sample(model, params, labels.length * columns, { ...decoding, seed, condition });
    const cells = cellsOf(await context.grey(mean), labels.length * columns);
    return [
      {
        file: 'classes',
        title: 'Samples by class',
        caption:
          'Means of p(x|z, c) for codes drawn from the prior given the class c of each row. What differs along a row is what the code adds to the class.',
        svg: pictureTable({
          ...context.size!,
          title: 'Samples by class',
          rows: labels.map((label, row) => ({
            label: test.classNames?.[label] ?? String(label),
            cells: cells.slice(row * columns, (row + 1) * columns),
          })),
        }),
      },
    ];
  },
};
