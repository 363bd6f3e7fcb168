import { flatten as flattenTree, type HostTensor, hostTensor, key, type Tensor } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  batchNorm,
  bernoulliLikelihood,
  convDecoder,
  convEncoder,
  convOutput,
  createDataset,
  digits,
  elbo,
  evaluate,
  exportDecoder,
  exportEncoder,
  fit,
  fromImage,
  type HostParams,
  type SymbolicParams,
  sequential,
  splitValidation,
  toImage,
  traceContext,
  transposedConvOutput,
  vae,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, floats } from '../support.ts';

const runtime = await nodeRuntime({ threads: 1 });

describe('images', () => {
  test('flat [H, W, C] to [C, H, W], and back as m parameters of [H, W, C]', async () => {
    const [h, w, c] = [2, 3, 2];
    const flat = Array.from({ length: h * w * c }, (_, i) => i);
    const round = sequential([toImage([h, w, c]), fromImage(c)]);
    const { image, back } = await compute({ x: floats(flat, [1, flat.length]) }, ({ x }: { x: Tensor }, trace) => ({
      image: toImage([h, w, c]).apply({}, x, traceContext(trace, false)),
      back: round.apply({}, x, traceContext(trace, false)),
    }));
    expect(image).toEqual([0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]);
    expect(back).toEqual(flat);
    // Two parameters of one place and two channels: planes p0c0, p0c1, p1c0, p1c1.
    const { two } = await compute({ x: floats([1, 2, 3, 4], [1, 4, 1, 1]) }, ({ x }: { x: Tensor }, trace) => ({
      two: fromImage(2).apply({}, x, traceContext(trace, false)),
    }));
    expect(two).toEqual([1, 2, 3, 4]);
  });

  test.each([
    [[28, 28], [32, 64], '64×7×7'],
    [[32, 32, 3], [8, 16, 32], '32×4×4'],
    [[9, 9], [4, 8], '8×2×2'],
  ])('%j through %j: the decoder is the mirror image', (shape, channels, inner) => {
    const options = { channels };
    expect(convEncoder(shape, options).describe([shape.reduce((a, b) => a * b)])).toContain(inner);
    const decoded = convDecoder(shape, options).outputShape([5]);
    const size = shape.reduce((a, b) => a * b);
    expect(convOutput(shape, 3, options).outputShape(decoded)).toEqual([3 * size]);
  });

  test('shapes that are no images, and ones that cannot be mirrored, are refused', () => {
    expect(() => convEncoder([64], { channels: [8] })).toThrow('convolutions need images: got examples of shape [64]');
    expect(() => convOutput([9, 8], 1, { channels: [8], kernel: 3 })).toThrow('cannot be mirrored');
    expect(() => convEncoder([28, 28], { channels: [] })).toThrow('channels of a convolutional network');
  });
});

const shape = [8, 8];
const options = { channels: [4, 8], norm: 'batch', residualBlocks: 1, hidden: [12] } as const;
const model = vae({
  dataShape: shape,
  latentDim: 3,
  encoder: convEncoder(shape, options),
  decoder: convDecoder(shape, options),
  outputLayer: transposedConvOutput(options),
});

describe('a convolutional VAE with batch norm and residual blocks', () => {
  const { train, validation } = splitValidation(digits(), 300, 1);
  const settings = {
    runtime,
    epochs: 3,
    batchSize: 100,
    learningRate: 3e-3,
    binarization: 'dynamic',
    seed: 5,
  } as const;

  test('trains, evaluates with running averages, resumes bit for bit', async () => {
    const whole = fit(model, train, settings);
    const elbos: number[] = [];
    for await (const { train: terms } of whole) elbos.push(terms.elbo);
    expect(elbos[2]).toBeGreaterThan(elbos[0]! + 5);
    const figures = await evaluate(model, whole.params, validation, {
      runtime,
      numSamples: 0,
      binarization: 'dynamic',
    });
    // With averages of 45 steps the figures of unseen rows are near those of training; with the starting ones they are not.
    expect(Math.abs(figures.elbo.value - elbos[2]!)).toBeLessThan(4);

    const half = fit(model, train, settings);
    for await (const { epoch } of half) if (epoch === 1) break;
    const rest = fit(model, train, { ...settings, state: half.state });
    for await (const _ of rest);
    const leaves = (params: HostParams) =>
      flattenTree<HostTensor>(params).map(([path, t]) => [path, Array.from(t.data as Float32Array)]);
    expect(leaves(rest.params)).toEqual(leaves(whole.params));
    expect(leaves(rest.params).some(([path]) => String(path).includes('buffers.mean'))).toBe(true);
  });

  test('the exports use native convolutions and take any batch', () => {
    const params = model.init(key(1));
    const names = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes);
    expect(names(exportEncoder(model, params))).toMatch(/Conv\b/);
    expect(names(exportDecoder(model, params))).toMatch(/ConvTranspose/);
  });

  test('the starting bias gives each channel the mean of the data', async () => {
    const colour = [4, 4, 2];
    const plain = { channels: [4] };
    const likelihood = bernoulliLikelihood();
    const layer = transposedConvOutput({
      ...plain,
      initializer: (_, s) => hostTensor(new Float32Array(s.reduce((a, b) => a * b)), s),
    });
    const module = layer.module(likelihood, colour);
    const input = convDecoder(colour, plain).outputShape([2]);
    const mean = Float64Array.from({ length: 32 }, (_, i) => (i % 2 ? 0.2 : 0.7));
    const params = layer.init(module, key(0), input, likelihood, colour, mean);
    const { probs } = await compute(
      { params, h: floats(new Float64Array(input.reduce((a, b) => a * b)), [1, ...input]) },
      (inputs: { params: SymbolicParams; h: Tensor }, trace) => ({
        probs: likelihood.distribution({}, module.apply(inputs.params, inputs.h, traceContext(trace, false))).mean,
      }),
    );
    expectClose(probs, Array.from(mean), 1e-6);
  });

  test('batches cannot be cut where moments are the batch’s', async () => {
    const cut = fit(model, train, { ...settings, microBatches: 2, objective: elbo() });
    await expect(cut[Symbol.asyncIterator]().next()).rejects.toThrow(
      'batch normalisation, which needs the whole batch',
    );
  });

  test('padding counts nothing: 5 rows in a batch of 8 move the averages as 5 rows in a batch of 5', async () => {
    const five = createDataset({ name: 'five', data: train.data.slice(0, 5 * 64), shape, scale: 1 / 16 });
    const run = async (batchSize: number) => {
      const training = fit(model, five, { ...settings, epochs: 1, batchSize, binarization: 'threshold' });
      for await (const _ of training);
      return training.params;
    };
    const [padded, exact] = [await run(8), await run(5)].map((params) =>
      flattenTree<HostTensor>(params).flatMap(([path, t]) =>
        path.includes('encoder') ? Array.from(t.data as Float32Array) : [],
      ),
    );
    expectClose(padded!, exact!, 2e-3);
    expect(batchNorm().describe([1])).toBe('batch norm');
  });
});
