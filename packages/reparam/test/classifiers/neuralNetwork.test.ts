import type { Runtime } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  batchNorm,
  classificationFigures,
  createDataset,
  digits,
  dropout,
  type Features,
  featuresOf,
  frechetDistance,
  labelledFeaturesOf,
  linear,
  mlp,
  moments,
  neuralNetwork,
  probabilityFigures,
  sequential,
  splitValidation,
  take,
} from 'reparam';
import { beforeAll, expect, test } from 'vitest';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 1 });
});
const { train, validation } = splitValidation(digits(), 297, 3);
const unseen = labelledFeaturesOf(validation);

test('knows unseen digits, and its codes tell noise from them; the same seed gives the same network', async () => {
  const { features, labels } = labelledFeaturesOf(train);
  const options = { numClasses: 10, runtime, seed: 4 };
  const classifier = neuralNetwork({ encoder: mlp([64, 16]), epochs: 20, batchSize: 32, learningRate: 3e-3 });
  const fitted = await classifier.fit(features, labels, options);
  const { accuracy } = classificationFigures(await fitted.predict(unseen.features), unseen.labels, 10);
  expect(accuracy.value).toBeGreaterThan(0.93);

  const momentsOf = async (rows: Features) =>
    moments({ data: await fitted.codes(rows), rows: rows.rows, columns: fitted.codeSize });
  const real = await momentsOf(features);
  const noise = Float32Array.from(validation.data, (_, i) => (Math.imul(i + 1, 2654435761) >>> 8) / 2 ** 24);
  const near = frechetDistance(real, await momentsOf(unseen.features));
  const far = frechetDistance(real, await momentsOf({ data: noise, rows: validation.size, columns: 64 }));
  expect(far).toBeGreaterThan(20 * near);

  const again = await classifier.fit(features, labels, options);
  expect(await again.codes(unseen.features)).toEqual(await fitted.codes(unseen.features));
  const restored = classifier.restore(fitted.params, { runtime });
  expect(restored).toMatchObject({ numClasses: 10, numFeatures: 64, codeSize: 16 });
  expect(await restored.scores(unseen.features)).toEqual(await fitted.scores(unseen.features));
});

test('with validation rows: the epoch of the least log-loss on them, and an early end', async () => {
  const { features, labels } = labelledFeaturesOf(take(train, 60));
  const few = { features: featuresOf(take(validation, 150)), labels: unseen.labels.subarray(0, 150) };
  const settings = { encoder: mlp([64]), epochs: 200, batchSize: 20, learningRate: 0.01, looks: 40, patience: 4 };
  const options = { numClasses: 10, runtime, seed: 1 };
  const fitted = await neuralNetwork(settings).fit(features, labels, { ...options, validation: few });
  const { bestEpoch, epochs, validationLogLoss } = fitted.figures;
  expect(bestEpoch).toBe(epochs! - 4 * 5);
  expect(epochs).toBeLessThan(200);
  const { logLoss } = probabilityFigures(await fitted.scores(few.features), few.labels, 10);
  expect(logLoss.value).toBeCloseTo(validationLogLoss!, 5);
  // Trained to the end it fits its sixty digits too well.
  const whole = await neuralNetwork(settings).fit(features, labels, options);
  const late = probabilityFigures(await whole.scores(few.features), few.labels, 10);
  expect(late.logLoss.value).toBeGreaterThan(logLoss.value);
});

test('encoders with running averages and with noise; rows without a label are left out', async () => {
  const { features, labels } = labelledFeaturesOf(take(train, 400));
  const encoder = sequential([linear(32), batchNorm(), mlp([32], { dropout: 0.2 }), dropout(0.1)]);
  const classifier = neuralNetwork({ encoder, epochs: 15, batchSize: 50 });
  const options = { numClasses: 10, runtime, seed: 2 };
  const fitted = await classifier.fit(features, labels, options);
  const { accuracy } = classificationFigures(await fitted.predict(unseen.features), unseen.labels, 10);
  expect(accuracy.value).toBeGreaterThan(0.85);
  const masked = await classifier.fit(
    labelledFeaturesOf(take(train, 500)).features,
    train.labels!.subarray(0, 500).map((label, i) => (i < 400 ? label : -1)),
    options,
  );
  expect(masked.params).toEqual(fitted.params);
});

test('a data set without labels is an error', () => {
  const bare = createDataset({ name: 'bare', data: new Uint8Array(40), shape: [4] });
  expect(() => labelledFeaturesOf(bare)).toThrow('data set has no labels');
  expect(() => neuralNetwork({ encoder: mlp([4]) }).restore({}, { runtime })).toThrow('not the parameters');
});
