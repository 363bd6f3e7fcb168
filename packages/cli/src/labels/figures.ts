import { heatMap, type PageTable, type ReportFigure, type TestFigure } from 'reparam/plot';
import { count, withError } from '../terminal/format.ts';
import type { LabelFigures } from './classify.ts';

/** Figures of labels as `--json` prints them under `test.classification`. */
export function labelJson(figures: LabelFigures): Record<string, unknown> {
  const { by, kind, rows, accuracy, logLoss, calibrationError, calibrationBins, confusion, classAccuracy } = figures;
  return {
    by,
    kind,
    numLabelled: rows,
    accuracy: accuracy.value,
    accuracyStandardError: accuracy.standardError,
    ...(logLoss && { logLoss: logLoss.value, logLossStandardError: logLoss.standardError }),
    ...(calibrationError !== undefined && { calibrationError, calibrationBins }),
    classAccuracy: Array.from(classAccuracy, (value) => (Number.isNaN(value) ? null : value)),
    ...(confusion && { confusion: matrixOf(confusion, classAccuracy.length) }),
  };
}

/** The same as lines of a table: name, figure, unit. */
export function labelRows({ by, rows, accuracy, logLoss, calibrationError, kind }: LabelFigures): string[][] {
  return [
    ['labels predicted by', by, ''],
    [
      kind === 'bernoulli' ? 'accuracy, mean over labels' : 'accuracy',
      percent(accuracy),
      `% of ${count(rows)} labelled`,
    ],
    ...(logLoss ? [['log-loss', withError(logLoss.value, logLoss.standardError), 'nats/label']] : []),
    ...(calibrationError === undefined ? [] : [['calibration error', (100 * calibrationError).toFixed(2), '%']]),
  ];
}

const percent = ({ value, standardError }: LabelFigures['accuracy']): string =>
  withError(100 * value, 100 * standardError);

/** The same for the table of a report. */
export function labelTestFigures({
  by,
  accuracy,
  logLoss,
  calibrationError,
  calibrationBins,
}: LabelFigures): TestFigure[] {
  return [
    {
      name: 'Accuracy',
      value: 100 * accuracy.value,
      standardError: 100 * accuracy.standardError,
      unit: '%',
      meaning: `labels predicted by ${by}`,
    },
    ...(logLoss
      ? [
          {
            name: 'Log-loss',
            ...logLoss,
            unit: 'nats/label',
            meaning: 'minus log-probability of the label; lower is better',
          },
        ]
      : []),
    ...(calibrationError === undefined
      ? []
      : [
          {
            name: 'Calibration error',
            value: 100 * calibrationError,
            unit: '%',
            meaning: `expected |accuracy − probability| over ${calibrationBins} bins of probability`,
          },
        ]),
  ];
}

/** The confusion matrix as a picture, where there are classes. */
export function confusionFigure(figures: LabelFigures): ReportFigure[] {
  const { confusion, classAccuracy } = figures;
  if (!confusion) return [];
  const names = namesOf(figures);
  const svg = heatMap({
    title: 'Confusion matrix',
    rows: names,
    columns: names,
    values: confusion,
    most: Math.max(...Array.from(classAccuracy, (_, k) => sumOf(confusion, k, classAccuracy.length))),
    decimals: 0,
  });
  return [
    {
      title: 'Confusion matrix',
      caption: 'Rows: the label. Columns: what is predicted. Cells: examples of the test set.',
      svg,
    },
  ];
}

/** Every class with its examples, how many are found, and what it is most taken for. */
export function classTable(figures: LabelFigures): PageTable {
  const { confusion, classAccuracy } = figures;
  const share = (value: number) => (Number.isNaN(value) ? '–' : `${(100 * value).toFixed(1)} %`);
  const names = namesOf(figures);
  if (!confusion) {
    return {
      title: 'Labels',
      columns: ['label', 'predicted right'],
      rows: names.map((name, k) => [name, share(classAccuracy[k]!)]),
    };
  }
  const size = names.length;
  return {
    title: 'Classes',
    columns: ['class', 'examples', 'found', 'predicted', 'of these right', 'most taken for'],
    rows: names.map((name, k) => {
      const own = confusion.subarray(k * size, (k + 1) * size);
      const predicted = names.reduce((sum, _, i) => sum + confusion[i * size + k]!, 0);
      const wrong = own.map((value, j) => (j === k ? 0 : value));
      const most = wrong.indexOf(Math.max(...wrong));
      return [
        name,
        count(sumOf(confusion, k, size)),
        share(classAccuracy[k]!),
        count(predicted),
        share(own[k]! / predicted),
        wrong[most]! > 0 ? `${names[most]} (${count(wrong[most]!)})` : '–',
      ];
    }),
  };
}

const sumOf = (confusion: Int32Array, row: number, size: number): number =>
  confusion.subarray(row * size, (row + 1) * size).reduce((a, b) => a + b, 0);

const namesOf = ({ classAccuracy, classNames }: LabelFigures): string[] =>
  Array.from(classAccuracy, (_, k) => classNames?.[k] ?? String(k));

const matrixOf = (values: Int32Array, size: number): number[][] =>
  Array.from({ length: values.length / size }, (_, i) => Array.from(values.subarray(i * size, (i + 1) * size)));
