import { type Dataset, widthOf } from '../data/index.ts';

/** Mean of each data value over the set, in the model's units. */
export function meanOf(dataset: Dataset): Float64Array {
  const width = widthOf(dataset);
  const total = new Float64Array(width);
  for (let row = 0; row < dataset.size; row++) {
    const start = row * width;
    for (let i = 0; i < width; i++) total[i]! += dataset.data[start + i]!;
  }
  return total.map((t) => (t * dataset.scale) / dataset.size);
}
