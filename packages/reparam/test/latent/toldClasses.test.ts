import { key } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { digits, encode, m2, mlp, predictLabels, take, vae, withLabelCondition, withToldClasses } from 'reparam';
import { expect, it } from 'vitest';

const data = take(digits('test'), 20);
const net = () => mlp([8]);

it('M2 without conditions encodes what it would if told the classes it finds most probable', async () => {
  const runtime = await nodeRuntime({ threads: 1 });
  const model = m2({
    dataShape: data.shape,
    latentDim: 3,
    numClasses: 10,
    encoder: net(),
    decoder: net(),
    classifier: net(),
  });
  const params = model.init(key(4));
  const { data: scores } = await predictLabels(model, params, data, { runtime });
  const labels = Int32Array.from({ length: data.size }, (_, row) => {
    const own = [...scores.subarray(row * 10, row * 10 + 10)];
    return own.indexOf(Math.max(...own));
  });
  expect(new Set(labels).size).toBeGreaterThan(1);
  const given = await encode(model, params, withLabelCondition({ ...data, labels }, 10), { runtime });
  expect((await encode(model, params, data, { runtime })).mean).toEqual(given.mean);
  const other = labels.map((label) => (label + 1) % 10);
  const wrong = await encode(model, params, withLabelCondition({ ...data, labels: other }, 10), { runtime });
  expect(wrong.mean).not.toEqual(given.mean);
});

it('leaves examples of other models, and those that have conditions, as they are', async () => {
  const options = { runtime: await nodeRuntime({ threads: 1 }) };
  const plain = vae({ dataShape: data.shape, latentDim: 3, encoder: net(), decoder: net() });
  expect(await withToldClasses(plain, plain.init(key(0)), data, options)).toBe(data);
  const told = withLabelCondition(data, 10);
  const model = m2({
    dataShape: data.shape,
    latentDim: 3,
    numClasses: 10,
    encoder: net(),
    decoder: net(),
    classifier: net(),
  });
  expect(await withToldClasses(model, model.init(key(0)), told, options)).toBe(told);
});
