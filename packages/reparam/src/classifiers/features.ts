import { ReparamError } from '@reparam/tensor';
import { createDataset, type Dataset, widthOf } from '../data/index.ts';
import type { Features, LabelledFeatures } from './classifier.ts';

/** The examples of a data set as rows of features, in the units of value × scale; shares their memory. */
export const featuresOf = (dataset: Dataset): Features => ({
  data: dataset.data,
  rows: dataset.size,
  columns: widthOf(dataset),
  scale: dataset.scale,
});

/** The same with the labels of the data set. Throws `data` when it has none. */
export function labelledFeaturesOf(dataset: Dataset): LabelledFeatures {
  if (dataset.labels) return { features: featuresOf(dataset), labels: dataset.labels };
  throw new ReparamError('data', 'data set has no labels', {
    expected: 'a label for some examples at least',
    fix: 'Name the label column or file',
    at: dataset.name,
  });
}

/** Features as a data set of vectors, for programs that run over data sets. */
export const asDataset = ({ data, columns, scale = 1 }: Features): Dataset =>
  createDataset({ name: 'features', data, shape: [columns], scale });

/** Throws `shape` when the array is not rows × columns long, or its width is not the one expected. */
export function checkFeatures(features: Features, columns = features.columns): Features {
  const { data, rows } = features;
  if (data.length !== rows * features.columns || features.columns !== columns || rows < 1 || columns < 1) {
    throw new ReparamError('shape', 'features do not fit', {
      got: `${data.length} values as ${rows} × ${features.columns}`,
      expected: `rows × ${columns} values`,
    });
  }
  return features;
}

/** The rows that have a label; the same arrays when all have one. */
export function labelledRows(features: Features, labels: Int32Array, numClasses: number): LabelledFeatures {
  const { rows, columns, data } = checkFeatures(features);
  if (labels.length !== rows) {
    throw new ReparamError('shape', 'labels do not match the features', {
      got: `${labels.length} labels`,
      expected: `${rows}, one a row`,
    });
  }
  if (!(Number.isInteger(numClasses) && numClasses >= 2)) {
    throw new ReparamError('config', 'bad number of classes', { got: `${numClasses}`, expected: '2 or more' });
  }
  const bad = labels.find((label) => label < -1 || label >= numClasses);
  if (bad !== undefined) {
    throw new ReparamError('data', 'no such class', { got: `${bad}`, expected: `−1 to ${numClasses - 1}` });
  }
  const kept = labels.reduce((count, label) => count + (label >= 0 ? 1 : 0), 0);
  if (kept === 0) {
    throw new ReparamError('data', 'no row has a label', { got: `${rows} rows`, fix: 'Give labels to some rows' });
  }
  if (kept === rows) return { features, labels };
  const [own, ownLabels] = [data.slice(0, kept * columns), new Int32Array(kept)];
  let at = 0;
  labels.forEach((label, row) => {
    if (label < 0) return;
    own.set(data.subarray(row * columns, (row + 1) * columns), at * columns);
    ownLabels[at++] = label;
  });
  return { features: { ...features, data: own, rows: kept }, labels: ownLabels };
}

/** Rows of either set, one after the other. Throws `shape` unless widths, element types and scales agree. */
export function joinRows(first: LabelledFeatures, second: LabelledFeatures): LabelledFeatures {
  const kind = ({ data, columns, scale = 1 }: Features) =>
    `${data instanceof Uint8Array ? 'uint8' : 'float32'} rows of ${columns} × ${scale}`;
  const [a, b] = [checkFeatures(first.features), checkFeatures(second.features)];
  if (kind(a) !== kind(b)) {
    throw new ReparamError('shape', 'features do not match', { got: kind(b), expected: kind(a) });
  }
  const data = a.data instanceof Uint8Array ? new Uint8Array(a.data.length + b.data.length) : undefined;
  const joined = data ?? new Float32Array(a.data.length + b.data.length);
  joined.set(a.data);
  joined.set(b.data, a.data.length);
  const labels = new Int32Array(a.rows + b.rows);
  labels.set(first.labels);
  labels.set(second.labels, a.rows);
  return { features: { ...a, data: joined, rows: a.rows + b.rows }, labels };
}
