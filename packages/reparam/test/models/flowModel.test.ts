import {
  add,
  foldIn,
  hostTensor,
  interpreter,
  key,
  normalArray,
  sub,
  type Tensor,
  uniformArray,
} from '@reparam/tensor';
import {
  actNorm,
  chain,
  coupling,
  createDataset,
  dequantizedLogits,
  evaluate,
  exportDecoder,
  exportEncoder,
  flowModel,
  flowVae,
  importanceLogLikelihood,
  type LatentModel,
  linearLu,
  made,
  maskedAutoregressive,
  normal,
  planar,
  reconstruct,
  type SymbolicParams,
  sample,
  traceContext,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { perturbed } from '../flows/perturb.ts';
import { compute, expectClose, floats } from '../support.ts';

const runtime = interpreter;
const net = { hidden: [8], activation: 'tanh' } as const;
interface Inputs {
  readonly params: SymbolicParams;
  readonly x: Tensor;
}
const table = (rows: number, width: number, seed = 1) =>
  createDataset({ name: 'table', data: normalArray(key(seed), rows * width), shape: [width] });
const pixels = (rows: number, width: number, levels: number) =>
  createDataset({
    name: 'pixels',
    data: Uint8Array.from(uniformArray(key(9), rows * width), (u) => Math.floor(u * levels)),
    shape: [width],
    scale: 1 / (levels - 1),
  });

describe('a flow as a model', () => {
  const flow = chain([actNorm(), linearLu(), maskedAutoregressive(net), coupling(net)]);
  const model = flowModel({ dataShape: [4], flow });
  const params = perturbed(model.init(key(1)), 2, 0.2);
  const data = table(20, 4);

  test('its ELBO is log p(f(x)) + log abs det J: rate −log p(x), distortion 0', async () => {
    const { elbo, rate, distortion, logLikelihood, bound } = await evaluate(model, params, data, { runtime });
    const x = floats(Float64Array.from(data.data), [20, 4]);
    const { z, logDet } = await compute({ params, x }, ({ params: p, x }: Inputs, trace) => {
      const { value, logDet } = flow.forward(p.flow as SymbolicParams, x, traceContext(trace, false));
      return { z: value, logDet };
    });
    const exact = logDet.map(
      (l, i) => l + z.slice(4 * i, 4 * i + 4).reduce((t, v) => t - 0.5 * v * v - 0.5 * Math.log(2 * Math.PI), 0),
    );
    expectClose([elbo.value], [exact.reduce((a, b) => a + b) / 20], 1e-6);
    expect(logLikelihood).toEqual(elbo);
    expect([-rate.value, distortion.value, bound]).toEqual([elbo.value, 0, 'exact']);
  });

  test('importance sampling adds nothing: every weight is the same', async () => {
    const { logLikelihood, standardError } = await importanceLogLikelihood(model, params, data, {
      runtime,
      numSamples: 4,
      seed: 0,
      draw: 0,
    });
    const { elbo } = await evaluate(model, params, data, { runtime });
    expect(logLikelihood.reduce((a, b) => a + b) / 20).toBeCloseTo(elbo.value, 5);
    expect(Math.max(...standardError)).toBeLessThan(1e-5);
  });

  test('reconstructions are the data, and samples go through the inverse', async () => {
    const { input, mean } = await reconstruct(model, params, data, { runtime });
    expectClose([...mean.data], [...input.data], 1e-5);
    const { z, x } = await sample(model, params, 5, { runtime, seed: 3 });
    const again = await compute(
      { params, x: floats(Float64Array.from(x.data), [5, 4]) },
      ({ params: p, x }: Inputs, trace) => ({
        z: flow.forward(p.flow as SymbolicParams, x, traceContext(trace, false)).value,
      }),
    );
    expectClose(again.z, [...z.data], 1e-5);
  });

  test('both directions are exported, for any batch', () => {
    expect(exportEncoder(model, params).length).toBeGreaterThan(1000);
    expect(exportDecoder(model, params).length).toBeGreaterThan(1000);
  });

  test('a flow without an inverse is a density, but gives no samples', async () => {
    const oneWay = flowModel({ dataShape: [4], flow: planar() });
    const own = oneWay.init(key(1));
    expect((await evaluate(oneWay, own, data, { runtime })).elbo.value).toBeLessThan(0);
    await expect(sample(oneWay, own, 2, { runtime })).rejects.toThrow(
      'examples from codes need the inverse of the flow: got planar',
    );
  });
});

test('many dimensions: samples and reconstructions of an autoregressive flow, a dimension a pass', async () => {
  const model = flowModel({
    dataShape: [70],
    flow: chain([actNorm(), maskedAutoregressive({ hidden: [16] })]),
    treatment: dequantizedLogits({ levels: 5, alpha: 1e-3 }),
  });
  const data = pixels(6, 70, 5);
  const params = perturbed(model.init(key(1), { dataRows: Float64Array.from(data.data, (v) => v / 4) }), 2, 0.02);
  const { input, mean } = await reconstruct(model, params, data, { runtime });
  expect([...mean.data]).toEqual([...input.data]);
  const { x } = await sample(model, params, 3, { runtime, seed: 3 });
  expect([...new Set(Array.from(x.data, (v) => Math.round(v * 4)))].every((v) => v >= 0 && v <= 4)).toBe(true);
  expect(() => exportDecoder(model, params)).toThrow('the inverse of an autoregressive net within a program');
});

describe('pixels', () => {
  const levels = 3;
  const treatment = dequantizedLogits({ levels, alpha: 0.05 });
  const model = flowModel({ dataShape: [2], flow: chain([actNorm(), maskedAutoregressive(net)]), treatment });
  const params = perturbed(model.init(key(1)), 2, 0.3);

  test('probabilities of all pixels, importance-sampled over the noise, sum to what the density leaves in the square', async () => {
    const all = createDataset({
      name: 'all',
      data: Uint8Array.from({ length: 2 * levels ** 2 }, (_, i) =>
        i % 2 === 0 ? Math.floor(i / 2 / levels) : (i >> 1) % levels,
      ),
      shape: [2],
      scale: 1 / (levels - 1),
    });
    const { logLikelihood } = await importanceLogLikelihood(model, params, all, {
      runtime,
      numSamples: 4000,
      seed: 0,
      draw: 0,
    });
    const total = logLikelihood.reduce((t, l) => t + Math.exp(l), 0);
    // The density of v over the image of the unit square under y → logit(α + (1 − 2α) y), by quadrature.
    const edge = Math.log(0.95 / 0.05);
    const n = 150;
    const step = (2 * edge) / n;
    const at = (i: number) => -edge + (i + 0.5) * step;
    const grid = Float64Array.from({ length: 2 * n * n }, (_, i) =>
      at(i % 2 === 0 ? Math.floor(i / 2 / n) : (i >> 1) % n),
    );
    const flat = flowModel({ dataShape: [2], flow: chain([actNorm(), maskedAutoregressive(net)]) });
    const { logProb } = await compute({ params, x: floats(grid, [n * n, 2]) }, ({ params: p, x }: Inputs, trace) => {
      const context = traceContext(trace, false);
      const { value, logProb } = flat.encode(p, x, context).rsampleWithLogProb(context.site('z'));
      const base = normal({ loc: 0, scale: 1 }).logProb(value);
      return { logProb: base, negLogDet: logProb };
    }).then(({ logProb, negLogDet }) => ({
      logProb: negLogDet.map((l, i) => logProb[2 * i]! + logProb[2 * i + 1]! - l),
    }));
    const inside = logProb.reduce((t, l) => t + Math.exp(l), 0) * step * step;
    expect(inside).toBeGreaterThan(0.2);
    expect(total / inside).toBeCloseTo(1, 2);
  });

  test('the figures in other units differ by the exact change of variables', async () => {
    const data = pixels(40, 2, levels);
    const { elbo, figures, rate, bitsPerDimension, quantity } = await evaluate(model, params, data, { runtime });
    expect(Object.keys(figures!)).toEqual(['logitLogLikelihood', 'unitLogLikelihood']);
    expect(figures!.unitLogLikelihood!.value - elbo.value).toBeCloseTo(2 * Math.log(levels), 5);
    expect(bitsPerDimension!.value).toBeCloseTo(-elbo.value / (2 * Math.LN2), 5);
    expect(rate.value).toBeCloseTo(-elbo.value, 6);
    expect(quantity).toBe('probability');
  });

  test.each([
    [{ levels: 1 }, 'got levels 1'],
    [{ alpha: 0 }, 'alpha 0'],
    [{ alpha: 0.5 }, 'alpha 0.5'],
  ])('%o is refused', (options, message) => {
    expect(() => dequantizedLogits(options)).toThrow(message);
  });

  test('logits near the ends keep their digits in float32', async () => {
    const sharp = dequantizedLogits({ alpha: 1e-6 });
    const x = hostTensor(Float32Array.of(0, 1, 0.5), [1, 3]);
    const u = hostTensor(Float32Array.of(1e-4, 1 - 1e-4, 0.25), [1, 3]);
    const run = (inputs: { x: Tensor; u: Tensor }) => ({ v: sharp.forward(inputs.x, inputs.u).value });
    const { v } = await compute({ x, u }, run as never);
    const exact = [0, 255, 128].map((k, i) => {
      const y = (k + Number(u.data[i])) / 256;
      const s = 1e-6 + (1 - 2e-6) * y;
      return Math.log(s) - Math.log1p(-s);
    });
    expectClose(v as number[], exact, 1e-9);
  });
});

describe('a flow as encoder and decoder', () => {
  const flow = chain([actNorm(), coupling(net), linearLu(), coupling({ ...net, keep: 'second' })]);
  const data = table(30, 3);
  const exactModel = flowModel({ dataShape: [3], flow });
  const params = perturbed(exactModel.init(key(1)), 2, 0.3);

  test('its bound is the log-density of the flow at x + s ε, draw by draw', async () => {
    const model = flowVae({ dataShape: [3], flow, scale: 0.2 });
    const x = floats(Float64Array.from(data.data), [30, 3]);
    const { bound, density } = await compute({ params, x }, ({ params: p, x }: Inputs, trace) => {
      const context = traceContext(trace, false);
      const { value: z, logProb: logQ } = model.encode(p, x, context).rsampleWithLogProb(context.site('z'));
      const prior = model.prior(p, context).logProb(z);
      const moved = flow.inverse!(p.flow as SymbolicParams, z, context);
      return {
        bound: sub(add(model.decode(p, z, context).logProb(x), prior), logQ),
        density: sub(prior, moved.logDet),
      };
    });
    expectClose(bound, density, 1e-9);
  });

  test('as the noise vanishes, that is the log-likelihood of the flow', async () => {
    const exact = (await evaluate(exactModel, params, data, { runtime })).elbo.value;
    for (const scale of [1e-2, 1e-3, 1e-4]) {
      const model = flowVae({ dataShape: [3], flow, scale });
      const { elbo, rate, distortion } = await evaluate(model, params, data, { runtime, numSamples: 0 });
      expect(Math.abs(elbo.value - exact)).toBeLessThan(10 * scale);
      // D log s of each: they grow without end, and cancel.
      expect(rate.value).toBeGreaterThan(-3 * Math.log(scale) - 5);
      expect(rate.value + distortion.value).toBeCloseTo(-elbo.value, 4);
    }
  });

  test.each([0, -1, Number.NaN])('noise %s is refused', (scale) => {
    expect(() => flowVae({ dataShape: [3], flow, scale })).toThrow('noise of a flow autoencoder');
  });
});

describe('masked autoregressive bits', () => {
  const width = 8;
  const all = createDataset({
    name: 'all bits',
    data: Uint8Array.from({ length: 2 ** width * width }, (_, i) => (Math.floor(i / width) >> (i % width)) & 1),
    shape: [width],
  });
  const orders: Readonly<Record<string, LatentModel>> = {
    natural: made({ dataShape: [width], hidden: [12, 10] }),
    'an order of its own': made({
      dataShape: [2, 4],
      hidden: [9],
      activation: 'tanh',
      order: [3, 1, 0, 7, 6, 2, 5, 4],
    }),
  };

  test.each(Object.entries(orders))('%s: the probabilities of all 2⁸ vectors sum to 1', async (_, model) => {
    const params = perturbed(model.init(foldIn(key(2), 'p')), 4, 0.8);
    const data = { ...all, shape: model.dataShape };
    const { logLikelihood, standardError } = await importanceLogLikelihood(model, params, data, {
      runtime,
      numSamples: 3,
      seed: 5,
      draw: 0,
    });
    expect(logLikelihood.reduce((t, l) => t + Math.exp(l), 0)).toBeCloseTo(1, 5);
    // The bound is the same at every draw: it is the likelihood itself.
    expect(Math.max(...standardError)).toBeLessThan(1e-5);
    expect(Math.max(...logLikelihood) - Math.min(...logLikelihood)).toBeGreaterThan(2);
  });

  test('samples occur as often as their probability says, and codes give their bits back', async () => {
    const model = made({ dataShape: [3], hidden: [6] });
    const params = perturbed(model.init(key(2)), 4, 0.8);
    const data = createDataset({
      name: 'all of three',
      data: Uint8Array.from({ length: 24 }, (_, i) => (Math.floor(i / 3) >> (i % 3)) & 1),
      shape: [3],
    });
    const options = { runtime, numSamples: 1, seed: 5, draw: 0 };
    const { logLikelihood } = await importanceLogLikelihood(model, params, data, options);
    const { x } = await sample(model, params, 4000, { runtime, seed: 6 });
    for (let code = 0; code < 8; code++) {
      const p = Math.exp(logLikelihood[code]!);
      let count = 0;
      for (let i = 0; i < 4000; i++) {
        if ([0, 1, 2].every((j) => x.data[3 * i + j] === ((code >> j) & 1))) count++;
      }
      expect(Math.abs(count / 4000 - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 4000) + 1e-9);
    }
    const { input, mean } = await reconstruct(model, params, data, { runtime });
    expect([...mean.data]).toEqual([...input.data]);
  });
});
