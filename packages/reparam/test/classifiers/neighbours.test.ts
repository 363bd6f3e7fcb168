import type { Runtime } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  classificationFigures,
  digits,
  type Features,
  labelledFeaturesOf,
  nearestByProducts,
  nearestNeighbours,
  nearestRows,
  splitValidation,
} from 'reparam';
import { beforeAll, expect, test } from 'vitest';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 1 });
});

/** Pseudo-random words, as rows of small numbers. */
const words = (count: number, range: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => (Math.imul((i + seed) ^ (i >>> 3), 2654435761) >>> 8) % range);

const brute = (queries: Features, stored: Features, k: number) =>
  nearestRows(
    Float32Array.from(queries.data, (value) => value * (queries.scale ?? 1)),
    stored,
    stored.columns,
    k,
  );

test('the rows of a search of all of them, in several blocks of either', async () => {
  const stored = { data: words(2500 * 6, 1000, 7), rows: 2500, columns: 6, scale: 1 / 300 };
  const queries = { data: words(300 * 6, 900, 99), rows: 300, columns: 6, scale: 1 / 290 };
  const found = await nearestByProducts(queries, stored, 5, { runtime });
  expect(found).toEqual(brute(queries, stored, 5));
});

test('ties, and rows that 32-bit products cannot tell apart', async () => {
  const bits = Uint8Array.from(words(600 * 5, 2, 3));
  const ties = { data: bits, rows: 600, columns: 5 };
  expect(await nearestByProducts({ ...ties, data: bits.subarray(0, 100), rows: 20 }, ties, 12, { runtime })).toEqual(
    brute({ ...ties, data: bits.subarray(0, 100), rows: 20 }, ties, 12),
  );
  const far = { data: words(400 * 3, 50, 5).map((value) => value / 64 + 3000), rows: 400, columns: 3 };
  const near = { ...far, data: far.data.subarray(30, 60).map((value) => value + 1 / 1024), rows: 10 };
  expect(await nearestByProducts(near, far, 3, { runtime })).toEqual(brute(near, far, 3));
});

test('votes: the majority, of equals the class of the nearest; as many rows as there are', async () => {
  const line = { data: Float32Array.of(0, 1, 2, 10, 11), rows: 5, columns: 1 };
  const labels = Int32Array.of(1, 0, 0, 2, 2);
  const at = (...data: number[]) => ({ data: Float32Array.from(data), rows: data.length, columns: 1 });
  const predict = async (k: number, ...queries: number[]) => {
    const fitted = await nearestNeighbours({ k }).fit(line, labels, { numClasses: 3, runtime });
    const restored = nearestNeighbours({ k }).restore(fitted.params, { runtime });
    const found = await fitted.predict(at(...queries));
    expect(await restored.predict(at(...queries))).toEqual(found);
    return [...found];
  };
  expect(await predict(1, -1, 0.6, 9)).toEqual([1, 0, 2]);
  expect(await predict(2, 0.4, 0.6, 7)).toEqual([1, 0, 2]);
  expect(await predict(3, 0, 7.5)).toEqual([0, 2]);
  expect(await predict(5, 0, 20)).toEqual([0, 2]);
  await expect(predict(6, 0)).rejects.toThrow('more neighbours than labelled rows');
});

test('digits by their nearest neighbour', async () => {
  const { train, validation } = splitValidation(digits(), 297, 3);
  const { features, labels } = labelledFeaturesOf(train);
  const fitted = await nearestNeighbours().fit(features, labels, { numClasses: 10, runtime });
  const unseen = labelledFeaturesOf(validation);
  const { accuracy } = classificationFigures(await fitted.predict(unseen.features), unseen.labels, 10);
  expect(accuracy.value).toBeGreaterThan(0.97);
});
