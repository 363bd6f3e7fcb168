import { widthOf } from './dataset.ts';
import { type AnyDataset, isStreamed } from './streamed.ts';

/** Mean of each data value over the set (over the whole file when it is streamed), in the model's units. */
export function meanOf(dataset: AnyDataset): Float64Array {
  if (isStreamed(dataset)) return dataset.statistics.mean;
  const width = widthOf(dataset);
  const total = new Float64Array(width);
  for (let row = 0; row < dataset.size; row++) {
    const start = row * width;
    for (let i = 0; i < width; i++) total[i]! += dataset.data[start + i]!;
  }
  return total.map((t) => (t * dataset.scale) / dataset.size);
}
