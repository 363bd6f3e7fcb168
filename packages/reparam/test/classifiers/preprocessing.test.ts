import type { HostTensor, Runtime } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  type Features,
  logisticRegression,
  nearestNeighbours,
  preprocessed,
  principalCodes,
  standardise,
} from 'reparam';
import { beforeAll, expect, test } from 'vitest';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 1 });
});

test('standardised columns have mean 0 and deviation 1; other rows get the moments of the first; constants become 0', async () => {
  const bytes: Features = { data: Uint8Array.of(10, 7, 30, 7, 20, 7, 40, 7), rows: 4, columns: 2, scale: 0.1 };
  const map = standardise();
  const params = await map.fit(bytes, { runtime });
  const deviation = Math.sqrt(1.25);
  expect([...map.apply(params, bytes).data].map((value) => Math.round(value * 1e6) / 1e6)).toEqual(
    [-1.5, 0, 0.5, 0, -0.5, 0, 1.5, 0].map((value) => Math.round((value / deviation) * 1e6) / 1e6),
  );
  const [first, second] = map.apply(params, { data: Float32Array.of(3.5, 9), rows: 1, columns: 2 }).data;
  expect(first).toBeCloseTo(1 / deviation, 6);
  expect(second).toBe(0);
  expect(() => map.apply(params, { data: new Float32Array(3), rows: 1, columns: 3 })).toThrow('features do not fit');
});

test('principal codes: the known axes of a tilted cloud, and the training mean and axes for other rows', async () => {
  // Along (3, 4)/5 with deviation 5, along (4, −3)/5 with deviation 1, around (10, 20).
  const corners = [
    [5, 1],
    [-5, 1],
    [5, -1],
    [-5, -1],
  ] as const;
  const place = (a: number, b: number) => [10 + (3 * a + 4 * b) / 5, 20 + (4 * a - 3 * b) / 5];
  const cloud = { data: Float32Array.from(corners.flatMap(([a, b]) => place(a, b))), rows: 4, columns: 2 };
  const map = principalCodes(1);
  const params = await map.fit(cloud, { runtime });
  const axes = Array.from((params.axes as HostTensor).data as Float64Array);
  expect(axes[0]).toBeCloseTo(0.6, 6);
  expect(axes[1]).toBeCloseTo(0.8, 6);
  const others = { data: Float32Array.from([...place(2, 7), ...place(-1.5, 0)]), rows: 2, columns: 2 };
  const codes = map.apply(params, others);
  expect(codes).toMatchObject({ rows: 2, columns: 1 });
  expect(codes.data[0]).toBeCloseTo(2, 5);
  expect(codes.data[1]).toBeCloseTo(-1.5, 5);
  await expect(principalCodes(3).fit(cloud, { runtime })).rejects.toThrow('bad number of principal components');
});

test('a classifier of mapped rows: as the one that is given mapped rows, and restored with its map', async () => {
  const rows = 40;
  const features: Features = {
    data: Float32Array.from({ length: rows * 3 }, (_, i) => Math.sin(i * i) * 10 ** (i % 3) + (Math.floor(i / 3) % 2)),
    rows,
    columns: 3,
  };
  const labels = Int32Array.from({ length: rows }, (_, i) => i % 2);
  const options = { numClasses: 2, runtime };
  const map = standardise();
  const classifier = preprocessed(map, logisticRegression({ strength: 0.01 }));
  const fitted = await classifier.fit(features, labels, options);
  const mapped = map.apply(await map.fit(features, { runtime }), features);
  const direct = await logisticRegression({ strength: 0.01 }).fit(mapped, labels, options);
  expect(await fitted.scores(features)).toEqual(await direct.scores(mapped));
  const restored = classifier.restore(fitted.params, { runtime });
  expect(restored).toMatchObject({ numFeatures: 3, numClasses: 2, hasProbabilities: true });
  expect(await restored.predict(features)).toEqual(await fitted.predict(features));
  // The columns differ in scale: unmapped, neighbours are another matter.
  const near = preprocessed(map, nearestNeighbours());
  expect((await near.fit(features, labels, options)).numFeatures).toBe(3);
  expect(() => near.restore({}, { runtime })).toThrow('not the parameters');
});
