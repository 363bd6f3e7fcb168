import { widthOf } from './dataset.ts';
import { type AnyDataset, isStreamed, roomFor } from './streamed.ts';

/** At most `count` examples spread evenly over the set, in the model's units, row-major [n, dataSize]. */
export function exampleRows(dataset: AnyDataset, count: number): Float64Array {
  const n = Math.min(count, dataset.size);
  const width = widthOf(dataset);
  const rows = Int32Array.from({ length: n }, (_, i) => Math.floor((i * dataset.size) / n));
  const values = roomFor(dataset, n);
  if (isStreamed(dataset)) dataset.readRows(rows, values);
  else {
    rows.forEach((row, i) => {
      values.set(dataset.data.subarray(row * width, (row + 1) * width), i * width);
    });
  }
  return Float64Array.from(values, (value) => value * dataset.scale);
}
