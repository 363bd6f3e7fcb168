import {
  bernoulliLogProb,
  cast,
  compileStep,
  grad,
  type HostTensor,
  hostTensor,
  matmul,
  mean,
  mul,
  neg,
  relu,
  specsOf,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { expect, test } from 'vitest';
import { normals } from './conformance/index.ts';

// Large enough that the runtime does divide the products among its threads.
const [batchSize, pixels, hidden, steps] = [128, 784, 200, 20];

const small = (shape: number[], seed: number): HostTensor => {
  const { data } = normals(shape, seed);
  return hostTensor(
    (data as Float32Array).map((v) => v * 0.05),
    shape,
  );
};
const initial = {
  w1: small([hidden, pixels], 1),
  b1: small([hidden], 2),
  w2: small([pixels, hidden], 3),
  b2: small([pixels], 4),
};
const x = hostTensor(
  Uint8Array.from({ length: steps * batchSize * pixels }, (_, i) => Number((i * 2654435761) % 97 > 60)),
  [steps, batchSize, pixels],
);
const batch = { x: { dtype: 'uint8', shape: [batchSize, pixels] } } as const;

function step(params: { w1: Tensor; b1: Tensor; w2: Tensor; b2: Tensor }, inputs: { x: Tensor }) {
  const data = cast(inputs.x, 'float32');
  const code = relu(matmul(data, params.w1, { transB: true, bias: params.b1 }));
  const logits = matmul(code, params.w2, { transB: true, bias: params.b2 });
  const loss = neg(mean(sum(bernoulliLogProb(data, logits), { axes: 1 })));
  const g = grad(loss, params);
  const move = (k: keyof typeof params) => sub(params[k], mul(0.01, g[k]));
  return { state: { w1: move('w1'), b1: move('b1'), w2: move('w2'), b2: move('b2') }, outputs: { loss } };
}

async function train(threads: number) {
  const runtime = await nodeRuntime({ threads });
  const program = await compileStep(step, { state: specsOf(initial), batch }, { runtime });
  const result = await program.run(initial, { x }, steps);
  await program.dispose();
  return result;
}

test('twenty training steps give the same bits on one thread, on two and again', async () => {
  const one = await train(1);
  const losses = [...(one.outputs.loss.data as Float32Array)];
  expect(losses[19]!).toBeLessThan(losses[0]! - 50);
  for (const threads of [2, 2]) expect(await train(threads)).toEqual(one);
});

test('lanes give the bits of the runtime they come from, and say what went wrong', async () => {
  const expected = await train(1);
  const runtime = await nodeRuntime({ threads: 2 });
  const lanes = await runtime.lanes!();
  expect(lanes.runtimes).toHaveLength(2);
  const programs = await Promise.all(
    lanes.runtimes.map((own) => compileStep(step, { state: specsOf(initial), batch }, { runtime: own })),
  );
  const results = await Promise.all(programs.map((program) => program.run(initial, { x }, steps)));
  for (const result of results) expect(result).toEqual(expected);
  await programs[0]!.dispose();
  await expect(programs[0]!.run(initial, { x }, steps)).rejects.toThrow();
  const late = programs[1]!.run(initial, { x }, steps);
  await lanes.close();
  expect(await late).toEqual(expected);
});

test('one thread has no lanes', async () => {
  expect((await nodeRuntime({ threads: 1 })).lanes).toBeUndefined();
});
