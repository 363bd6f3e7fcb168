import { flatten, type HostTensor, key, type Runtime } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { webRuntime } from '@reparam/tensor/web';
import * as ort from 'onnxruntime-node';
import {
  buildRecipe,
  type Dataset,
  digits,
  encode,
  evaluate,
  exportDecoder,
  exportEncoder,
  fit,
  type HostParams,
  presets,
  take,
  widthOf,
} from 'reparam';
import { beforeAll, describe, expect, test } from 'vitest';

let node: Runtime;
let wasm: Runtime;
beforeAll(async () => {
  node = await nodeRuntime({ threads: 1 });
  wasm = await webRuntime();
});

const bits = (params: HostParams) =>
  flatten<HostTensor>(params).map(([path, { data }]) => [
    path,
    Buffer.from((data as Float32Array).slice().buffer).toString('base64'),
  ]);

/** Trained by steps of gradient: the others find their parameters at once. */
const trained = presets.filter(({ recipe }) => recipe.program === undefined);

describe.each(trained.map((preset) => [preset.name, preset.recipe] as const))('%s', (_, recipe) => {
  const isCount = recipe.model.encoderInput === 'log1p';
  const every = take(isCount ? { ...digits(), scale: 1 } : digits(), 60);
  // Half of the labels, where training needs some: batches of both kinds.
  const isTaught = ['m2', 'prediction-constrained'].includes(recipe.objective.kind);
  const examples = isTaught ? { ...every, labels: every.labels!.map((label, i) => (i % 2 ? label : -1)) } : every;
  const { labelledBatchSize: _half, ...rest } = recipe.training;
  const training = { ...rest, epochs: 2, batchSize: 25 };
  const { model, data, fitOptions } = buildRecipe({ ...recipe, training }, examples);
  const settings = { ...fitOptions, stepsPerCall: 2 };
  const { binarization = 'none' } = fitOptions;

  test('a training stopped in the middle of an epoch and resumed ends with the same bits', async () => {
    const whole = fit(model, data, { ...settings, runtime: node });
    for await (const _ of whole);
    const controller = new AbortController();
    const first = fit(model, data, {
      ...settings,
      runtime: node,
      signal: controller.signal,
      // After the first call of the second epoch.
      onProgress: ({ step }) => step === 5 && controller.abort(),
    });
    await expect(
      (async () => {
        for await (const _ of first);
      })(),
    ).rejects.toThrow('interrupted');
    expect(first.state.step).toBe(5);
    const rest = fit(model, data, { ...settings, runtime: node, state: first.state });
    for await (const _ of rest);
    expect(bits(rest.params)).toEqual(bits(whole.params));
  });

  test('wasm gives the figures of the native runtime', async () => {
    const few = take(data as Dataset, 12);
    const training = fit(model, data, { ...settings, epochs: 1, runtime: node });
    for await (const _ of training);
    const options = { numSamples: 3, seed: 2, binarization };
    const [native, web] = [
      await evaluate(model, training.params, few, { ...options, runtime: node }),
      await evaluate(model, training.params, few, { ...options, runtime: wasm }),
    ];
    for (const figure of ['elbo', 'rate', 'distortion'] as const) {
      const [a, b] = [native[figure]?.value, web[figure]?.value];
      expect(Math.abs(a! - b!), `${figure}: ${a} and ${b}`).toBeLessThan(1e-3 * Math.max(1, Math.abs(a!)));
    }
  });

  test('encoder and decoder are exported for any batch size, or refused with the reason', async () => {
    const params = model.init(key(1));
    const files: [string, () => Uint8Array][] = [
      ['encoder', () => exportEncoder(model, params)],
      ['decoder', () => exportDecoder(model, params)],
    ];
    for (const [part, make] of files) {
      let bytes: Uint8Array;
      try {
        bytes = make();
      } catch (error) {
        expect(String(error), part).toMatch(
          /cannot be exported|is not exported|unsupported|drawn one value after another/,
        );
        continue;
      }
      const session = await ort.InferenceSession.create(bytes);
      for (const batch of [1, 7]) {
        const feeds = Object.fromEntries(
          (session.inputMetadata as readonly ort.InferenceSession.TensorValueMetadata[]).map(({ name, shape }) => {
            const dims = shape.map((d) => (typeof d === 'number' ? d : sizeIn(String(d), batch)));
            const size = dims.reduce((a, b) => a * b, 1);
            return [
              name,
              new ort.Tensor(
                'float32',
                Float32Array.from({ length: size }, (_, i) => (1 + (i % 3)) / 4),
                dims,
              ),
            ];
          }),
        );
        const results = await session.run(feeds);
        for (const { dims, data } of Object.values(results)) {
          expect(dims[0]).toBe(batch);
          expect(Array.from(data as Float32Array).every(Number.isFinite)).toBe(true);
        }
      }
      await session.release();
    }
    const { mean } = await encode(model, params, take(data as Dataset, 3), { runtime: node, binarization });
    expect(mean.shape).toEqual([3, model.latentDim]);
    expect(widthOf(data)).toBe(model.dataShape.reduce((a, b) => a * b, 1));
  });
});

/** The size of an axis called `batch`, `4*batch` …. */
const sizeIn = (name: string, batch: number): number => batch * Number(/^(\d+)\*/.exec(name)?.[1] ?? 1);
