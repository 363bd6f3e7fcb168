import { cast, type HostTensor, hostTensor, mul, type Spec, spec, type Tensor } from '@reparam/tensor';
import type { BatchBuffer } from './batches.ts';

/** One batch of examples as arguments of a program: x, and what a conditional model is given beside it. */
export interface Examples<T> {
  readonly x: T;
  readonly condition?: T;
}

type Stored = Pick<BatchBuffer, 'width' | 'data' | 'scale' | 'condition'>;

const dtypeOf = (data: Uint8Array | Float32Array) => (data instanceof Uint8Array ? 'uint8' : 'float32');

/** Types of the arguments for batches of `batchSize` as they lie in `buffer`. */
export const exampleSpecs = ({ width, data, condition }: Stored, batchSize: number): Examples<Spec> => ({
  x: spec([batchSize, width], dtypeOf(data)),
  ...(condition && { condition: spec([batchSize, condition.size], dtypeOf(condition.data)) }),
});

/** What `buffer` holds, as arguments with the leading axes `lead`, for example [steps, batchSize]. */
export const exampleTensors = ({ width, data, condition }: Stored, lead: readonly number[]): Examples<HostTensor> => ({
  x: hostTensor(data, [...lead, width]),
  ...(condition && { condition: hostTensor(condition.data, [...lead, condition.size]) }),
});

/** The values the model sees, float32: stored value × scale. */
export function exampleValues({ x, condition }: Examples<Tensor>, stored: Stored): Examples<Tensor> {
  const values = (t: Tensor, scale: number) => mul(cast(t, 'float32'), scale);
  return {
    x: values(x, stored.scale),
    ...(condition && { condition: values(condition, stored.condition!.scale) }),
  };
}
