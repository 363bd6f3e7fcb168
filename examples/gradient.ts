import { compile, grad, hostTensor, logSumExp, spec, sum } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';

const program = await compile(
  ({ x }) => {
    const value = sum(logSumExp(x, { axes: 1 }));
    return { value, gradient: grad(value, x) };
  },
  { x: spec([2, 3]) },
  { runtime: await nodeRuntime() },
);
const { value, gradient } = await program.run({ x: hostTensor(Float32Array.of(1, 2, 3, 0, 0, 100), [2, 3]) });
console.log(value.data, gradient.data);
console.log(program.info.operations);
