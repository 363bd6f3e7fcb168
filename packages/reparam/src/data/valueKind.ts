import { type AnyDataset, isStreamed } from './streamed.ts';

/** What a likelihood may assume of the model's values: all 0 or 1, all in [0, 1], or anything. */
export function valueKind(dataset: AnyDataset): 'binary' | 'unit' | 'real' {
  const { scale, range } = dataset;
  if (range.min < 0 || range.max * scale > 1 + 1e-6) return 'real';
  if (isStreamed(dataset)) return dataset.statistics.isBinary ? 'binary' : 'unit';
  const { data } = dataset;
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== 0 && data[i]! * scale !== 1) return 'unit';
  }
  return 'binary';
}
