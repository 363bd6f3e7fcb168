import { ReparamError } from '@reparam/tensor';

/** Throws `config` unless `value` is a positive whole number. */
export function needCount(what: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new ReparamError('config', what, { got: String(value), expected: 'a positive whole number' });
}
