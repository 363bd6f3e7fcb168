import { ReparamError } from '@reparam/tensor';
import { type AnyDataset, isStreamed } from './streamed.ts';

/** Values that a distribution may be over: [0, 1], bytes as fractions, whole numbers from 0. */
export type ValueSupport = 'unit' | 'byte' | 'count';

const expected: Record<ValueSupport, string> = {
  unit: 'values in [0, 1]',
  byte: 'bytes at scale 1/255',
  count: 'whole numbers, 0 or more',
};

/** Throws `data` unless the values of `dataset`, as the model sees them, lie where `likelihood` has probability or density. */
export function requireSupport(dataset: AnyDataset, support: ValueSupport, likelihood: string): void {
  const { range, scale, dtype, name } = dataset;
  const problem = {
    unit: () => range.min * scale >= 0 && range.max * scale <= 1 + 1e-6,
    byte: () => dtype === 'uint8' && Math.abs(255 * scale - 1) < 1e-6,
    count: () => range.min >= 0 && isWhole(dataset),
  };
  if (problem[support]()) return;
  const found = `${dtype === 'uint8' ? 'bytes' : 'numbers'} at scale ${Number(scale.toPrecision(6))}`;
  throw new ReparamError('data', `a ${likelihood} likelihood does not fit the data`, {
    got: `${found}, values from ${range.min * scale} to ${range.max * scale}`,
    expected: expected[support],
    fix: fixes[support],
    at: name,
  });
}

const fixes: Record<ValueSupport, string> = {
  unit: 'Use a Gaussian or Laplace likelihood, or rescale the data',
  byte: 'Use a Gaussian or continuous Bernoulli likelihood, or data of whole bytes (data.scale=1/255)',
  count: 'Use a Gaussian or Laplace likelihood; where the stored numbers are counts, set data.scale=1',
};

function isWhole(dataset: AnyDataset): boolean {
  const { scale, dtype } = dataset;
  if (dtype === 'uint8' || isStreamed(dataset)) {
    return Number.isInteger(scale) && (dtype === 'uint8' || (isStreamed(dataset) && dataset.statistics.isWhole));
  }
  return dataset.data.every((value) => Number.isInteger(value * scale));
}
