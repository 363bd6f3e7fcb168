import { type Float32Tensor, hostTensor, ReparamError } from '@reparam/tensor';

/** One-hot rows [n, numClasses] for `labels`: the condition that draws examples of these classes. */
export function labelCondition(labels: readonly number[], numClasses: number): Float32Tensor {
  const data = new Float32Array(labels.length * numClasses);
  labels.forEach((label, row) => {
    if (!Number.isInteger(label) || label < 0 || label >= numClasses) {
      throw new ReparamError('config', 'no such class', {
        got: String(label),
        expected: `a label from 0 to ${numClasses - 1}`,
      });
    }
    data[row * numClasses + label] = 1;
  });
  return hostTensor(data, [labels.length, numClasses]);
}
