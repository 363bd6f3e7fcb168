import { fromBinary } from '@bufbuild/protobuf';
import {
  add,
  bernoulliLogProb,
  cast,
  compile,
  compileStep,
  constant,
  exportOnnx,
  grad,
  type HostTensor,
  interpreter,
  logSoftmax,
  matmul,
  mul,
  relu,
  reshape,
  slice,
  softplus,
  spec,
  sum,
  symbolicDim,
  type Tensor,
  type Trace,
  tanh,
  transpose,
} from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { type ModelProto, ModelProtoSchema } from '../src/onnx/onnx_pb.ts';
import { bytes, differences, float32, floats, normals } from './conformance/index.ts';
import { batchSpec, sharedSpec, stateSpec, trainingStep } from './conformance/training.ts';

const batch = symbolicDim('batch');
const decode = (model: Uint8Array): ModelProto => fromBinary(ModelProtoSchema, model);
const types = (model: ModelProto) => model.graph!.node.map((n) => n.opType);

/** An encoder: bytes in, two results of several layouts out. */
const encoder = ({ x, w, b }: { x: Tensor; w: Tensor; b: Tensor }, trace: Trace) => {
  const h = relu(matmul(mul(cast(x, 'float32'), 1 / 255), w, { transB: true, bias: b }));
  const pairs = reshape(h, [h.shape[0]!, 2, -1]);
  return {
    loc: slice(h, 1, 0, 3),
    classes: logSoftmax(reshape(transpose(pairs, [0, 2, 1]), [-1, 2])),
    scaled: mul(softplus(h), trace.scalar('temperature')),
  };
};
const encoderSpecs = { x: spec([batch, 12], 'uint8'), w: spec([6, 12]), b: spec([6]) };

describe('an exported model', () => {
  const description = { description: 'encoder of a test', metadata: { latentDim: '3' } };
  const model = decode(exportOnnx(encoder, encoderSpecs, description));
  const shapeOf = (name: string) => {
    const info = [...model.graph!.input, ...model.graph!.output].find((v) => v.name === name)!;
    if (info.type!.value.case !== 'tensorType') throw new Error('not a tensor');
    return info.type!.value.value.shape!.dim.map((d) => d.value.value);
  };

  test('names its inputs and outputs by path, and its unknown sizes', () => {
    expect(model.graph!.input.map((v) => v.name)).toEqual(['x', 'w', 'b', 'scalar:temperature']);
    expect(model.graph!.output.map((v) => v.name)).toEqual(['loc', 'classes', 'scaled']);
    expect(shapeOf('x')).toEqual(['batch', 12n]);
    expect(shapeOf('classes')).toEqual(['3*batch', 2n]);
  });

  test('says what it is', () => {
    expect(model.docString).toBe('encoder of a test');
    expect(model.metadataProps.map(({ key, value }) => [key, value])).toEqual([['latentDim', '3']]);
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([['', 18n]]);
  });

  test.each([1, 7, 100])('runs with a batch of %i in a bare session', async (n) => {
    const session = await ort.InferenceSession.create(exportOnnx(encoder, encoderSpecs));
    const feeds = {
      x: bytes(
        Array.from({ length: n * 12 }, (_, i) => (i * 37) % 256),
        [n, 12],
      ),
      w: normals([6, 12]),
      b: normals([6], 2),
    };
    const toOrt = ({ dtype, data, shape }: HostTensor) =>
      new ort.Tensor(dtype as 'float32', data as Float32Array, shape);
    const results = await session.run({
      x: toOrt(feeds.x),
      w: toOrt(feeds.w),
      b: toOrt(feeds.b),
      'scalar:temperature': new ort.Tensor('float32', Float32Array.of(0.5), []),
    });
    const reference = await compile(encoder, encoderSpecs, { runtime: interpreter });
    const expected = await reference.run(feeds, { scalars: { temperature: 0.5 } });
    for (const name of ['loc', 'classes', 'scaled'] as const) {
      const { dims, data } = results[name]!;
      const actual: HostTensor = { dtype: 'float32', shape: dims, data: data as Float32Array };
      expect(differences(actual, expected[name], { ...float32, absolute: 5e-7 })).toEqual([]);
    }
    await session.release();
  });
});

describe('lowering', () => {
  test.each([
    ['written as an option', (x: Tensor, w: Tensor, bias: Tensor) => matmul(x, w, { transB: true, bias }), ['w', 'b']],
    ['written as an operation', (x: Tensor, w: Tensor, bias: Tensor) => matmul(x, transpose(w), { bias }), ['x', 'b']],
  ] as const)('puts transposes and biases into products, forwards and backwards: %s', (_, layer, wanted) => {
    const fn = (inputs: { x: Tensor; w: Tensor; b: Tensor }) => {
      const loss = sum(tanh(layer(inputs.x, inputs.w, inputs.b)));
      return { loss, gradients: grad(loss, Object.fromEntries(wanted.map((name) => [name, inputs[name]]))) };
    };
    const specs = { x: spec([5, 3]), w: spec([4, 3]), b: spec([4]) };
    const operators = types(decode(exportOnnx(fn, specs, undefined, 'cpu')));
    expect(operators).not.toContain('Transpose');
    expect(operators.filter((t) => t === 'Gemm' || t === 'MatMul')).toEqual(['Gemm', 'Gemm']);
  });

  test('writes every value once, before it is read', () => {
    const model = decode(exportOnnx(encoder, encoderSpecs));
    const known = new Set([
      ...model.graph!.input.map((v) => v.name),
      ...model.graph!.initializer.map((t) => t.name),
      '',
    ]);
    for (const node of model.graph!.node) {
      for (const name of node.input) expect(known).toContain(name);
      for (const name of node.output) {
        expect(known).not.toContain(name);
        known.add(name);
      }
    }
    for (const { name } of model.graph!.output) expect(known).toContain(name);
  });

  test('outputs that are inputs, equal or constant keep their names', async () => {
    const same = ({ x }: { x: Tensor }) => ({
      itself: x,
      twice: add(x, x),
      again: mul(add(x, x), 1),
      one: constant(1),
    });
    const program = await compile(same, { x: spec([2]) }, { runtime: interpreter });
    expect(decode(program.toOnnx()).graph!.output.map((o) => o.name)).toEqual([
      'out:itself',
      'out:twice',
      'out:again',
      'out:one',
    ]);
    const native = await compile(same, { x: spec([2]) }, { runtime: await nodeRuntime() });
    const { itself, twice, again, one } = await native.run({ x: floats([17, -1]) });
    expect([itself, twice, again, one].map((t) => [...(t.data as Float32Array)])).toEqual([
      [17, -1],
      [34, -2],
      [34, -2],
      [1],
    ]);
  });
});

describe('what a program says of itself', () => {
  test('operations, arithmetic and memory of a layer and its gradient', async () => {
    const { info } = await compile(
      ({ x, w, b }: { x: Tensor; w: Tensor; b: Tensor }) => {
        const loss = sum(bernoulliLogProb(1, matmul(x, w, { transB: true, bias: b })));
        return { loss, ...grad(loss, { w, b }) };
      },
      { x: spec([128, 20]), w: spec([400, 20]), b: spec([400]) },
      { runtime: interpreter },
    );
    // 2 m n k for the product and for the gradient of the weights.
    expect(info.matmulFlops).toBe(2 * (2 * 128 * 400 * 20));
    expect(info.operations).toMatchObject({ input: 3, matmul: 2, bernoulliLogProb: 1, sigmoid: 1, sum: 2, sub: 1 });
    // logits, their log-probabilities, σ(logits), 1 − σ, the sum, the two gradients.
    expect(info.bytes).toBe(4 * (4 * 128 * 400 + 1 + 400 * 20 + 400));
    expect(info.flops).toBeGreaterThan(info.matmulFlops);
  });
  test('unknown sizes count as nothing', async () => {
    const { info } = await compile(encoder, encoderSpecs, { runtime: interpreter });
    expect([info.flops, info.matmulFlops, info.bytes]).toEqual([0, 0, 0]);
  });
  test('a step describes one step', async () => {
    const step = await compileStep(
      trainingStep,
      { state: stateSpec, batch: batchSpec, shared: sharedSpec },
      { runtime: interpreter },
    );
    // x wᵀ and its gradient; z wᵀ with two; the labels' product and one gradient.
    expect(step.info.operations.matmul).toBe(2 + 3 + 2);
    const model = decode(step.toOnnx());
    expect(model.graph!.input.map((v) => v.name)).toContain('state:weights.w1');
    expect(model.graph!.output.map((v) => v.name)).toContain("state:weights.w1'");
  });
});
