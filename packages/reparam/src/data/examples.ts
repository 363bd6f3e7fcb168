import { cast, type HostTensor, hostTensor, mul, type Spec, spec, type Tensor } from '@reparam/tensor';
import type { BatchBuffer } from './batches.ts';

/** One batch of examples as arguments of a program: x, and what is stored beside it. */
export interface Examples<T> {
  readonly x: T;
  readonly condition?: T;
  readonly targets?: T;
}

type Stored = Pick<BatchBuffer, 'width' | 'data' | 'scale' | 'condition' | 'targets'>;

const dtypeOf = (data: Uint8Array | Float32Array) => (data instanceof Uint8Array ? 'uint8' : 'float32');

/** Types of the arguments for batches of `batchSize` as they lie in `buffer`. */
export const exampleSpecs = ({ width, data, condition, targets }: Stored, batchSize: number): Examples<Spec> => ({
  x: spec([batchSize, width], dtypeOf(data)),
  ...(condition && { condition: spec([batchSize, condition.size], dtypeOf(condition.data)) }),
  ...(targets && { targets: spec([batchSize, targets.size], dtypeOf(targets.data)) }),
});

/** What `buffer` holds, as arguments with the leading axes `lead`, for example [steps, batchSize]. */
export const exampleTensors = (
  { width, data, condition, targets }: Stored,
  lead: readonly number[],
): Examples<HostTensor> => ({
  x: hostTensor(data, [...lead, width]),
  ...(condition && { condition: hostTensor(condition.data, [...lead, condition.size]) }),
  ...(targets && { targets: hostTensor(targets.data, [...lead, targets.size]) }),
});

/** The values the model sees, float32: stored value × scale. */
export function exampleValues({ x, condition, targets }: Examples<Tensor>, stored: Stored): Examples<Tensor> {
  const values = (t: Tensor, scale: number) => mul(cast(t, 'float32'), scale);
  return {
    x: values(x, stored.scale),
    ...(condition && { condition: values(condition, stored.condition!.scale) }),
    ...(targets && { targets: values(targets, stored.targets!.scale) }),
  };
}
