import { add, type HostTensor, logMeanExp, sub, type Tensor } from '@reparam/tensor';
import { gaussianLikelihood, type HostParams, hierarchicalVae, mlp, type SymbolicParams, traceContext } from 'reparam';
import { describe, expect, it } from 'vitest';
import { compute, expectClose, expectMean, floats } from '../support.ts';

// p(z2) = N(0, 1), p(z1 given z2) = N(a z2 + b, s²), p(x given z1) = N(w z1 + m, σ² I) over two numbers x.
const [a, b, s, sigma] = [1.3, -0.4, 0.7, 0.5];
const [w, m] = [
  [0.8, -1.1],
  [0.3, 0.2],
];
const linear = () => mlp([]);
const model = hierarchicalVae({
  dataShape: [2],
  latentDims: [1, 1],
  encoder: linear(),
  decoder: linear(),
  upper: { encoder: linear(), decoder: linear() },
  likelihood: gaussianLikelihood({ scale: sigma }),
});
const examples = [0.9, -1.2, -0.1, 0.4, 2, 1];

/** Parameters with q(z1 given x) q(z2 given z1) the posterior, but for a shift and a factor on the standard deviation of q(z1 given x). */
function params(shift = 0, widen = 1): HostParams {
  const spread = a * a + s * s;
  const precision = 1 / spread + (w[0]! ** 2 + w[1]! ** 2) / sigma ** 2;
  const gain = w.map((each) => each / sigma ** 2 / precision);
  const offset = (b / spread - (w[0]! * m[0]! + w[1]! * m[1]!) / sigma ** 2) / precision;
  const upper = 1 / (1 + (a * a) / (s * s));
  const layer = (weights: readonly number[], bias: readonly number[]) => ({
    weight: floats(weights, [bias.length, weights.length / bias.length]),
    bias: floats(bias),
  });
  return {
    encoder: {},
    posterior: layer([...gain, 0, 0], [offset + shift, Math.log((widen * widen) / precision)]),
    upperEncoder: {
      network: {},
      normal: layer([(upper * a) / (s * s), 0], [(-upper * a * b) / (s * s), Math.log(upper)]),
    },
    prior: {},
    upperDecoder: { network: {}, normal: layer([a, 0], [b, 2 * Math.log(s)]) },
    decoder: {},
    output: layer(w, m),
    likelihood: {},
  } as HostParams;
}

/** log N(x; m + w b, w w' (a² + s²) + σ² I). */
const logP = [0, 1, 2].map((i) => {
  const [x, y] = [0, 1].map((j) => examples[2 * i + j]! - m[j]! - w[j]! * b) as [number, number];
  const spread = a * a + s * s;
  const [xx, xy, yy] = [w[0]! ** 2 * spread + sigma ** 2, w[0]! * w[1]! * spread, w[1]! ** 2 * spread + sigma ** 2];
  const determinant = xx * yy - xy * xy;
  return (
    -0.5 * ((yy * x * x - 2 * xy * x * y + xx * y * y) / determinant) -
    0.5 * Math.log(determinant) -
    Math.log(2 * Math.PI)
  );
});

/** log w of `count` draws of each example and their importance-weighted bounds of 10. */
const draws = (values: HostParams, count: number) =>
  compute(
    { params: values, x: floats(examples, [3, 2]) },
    ({ params: p, x }: { params: SymbolicParams; x: Tensor }, trace) => {
      const context = traceContext(trace, true);
      const q = model.encode(p, x, context);
      const { value: z, logProb } = q.rsampleWithLogProb(context.site('z'), [count, 10]);
      const joint = add(model.decode(p, z, context).logProb(x), model.prior(p, context).logProb(z));
      const logWeights = sub(joint, logProb);
      return { logWeights, bounds: logMeanExp(logWeights, { axes: 1 }), mean: q.mean };
    },
  );

const ofExample = (values: readonly number[], i: number) => values.filter((_, k) => k % 3 === i);

describe('two linear-Gaussian layers', () => {
  it('with the posterior every weight is log p(x), whatever is drawn', async () => {
    const { logWeights } = await draws(params(), 5);
    expect(logWeights).toHaveLength(150);
    expectClose(
      logWeights,
      logWeights.map((_, k) => logP[k % 3]!),
      1e-10,
    );
  });

  it('with another q the ELBO falls short by KL(q ‖ posterior), and importance weighting gains some of it back', async () => {
    const [shift, widen] = [0.2, 1.4];
    const { logWeights, bounds } = await draws(params(shift, widen), 4000);
    const precision = 1 / (a * a + s * s) + (w[0]! ** 2 + w[1]! ** 2) / sigma ** 2;
    const gap = 0.5 * (widen ** 2 + shift ** 2 * precision - 1) - Math.log(widen);
    for (const i of [0, 1, 2]) {
      expectMean(ofExample(logWeights, i), logP[i]! - gap);
      const bound = ofExample(bounds, i).reduce((sum, each) => sum + each, 0) / 4000;
      expect(bound).toBeGreaterThan(logP[i]! - gap + 0.05);
      expect(bound).toBeLessThan(logP[i]!);
    }
  });

  it('its mean goes up the chain: z1 from x, z2 from that', async () => {
    const { mean } = await draws(params(), 1);
    const { posterior, upperEncoder } = params() as unknown as Record<
      string,
      { weight: HostTensor; bias: HostTensor; normal: { weight: HostTensor; bias: HostTensor } }
    >;
    const wanted = [0, 1, 2].flatMap((i) => {
      const [p, q] = [posterior!, upperEncoder!.normal];
      const z1 =
        Number(p.bias.data[0]) +
        Number(p.weight.data[0]) * examples[2 * i]! +
        Number(p.weight.data[1]) * examples[2 * i + 1]!;
      return [z1, Number(q.bias.data[0]) + Number(q.weight.data[0]) * z1];
    });
    expectClose(mean, wanted, 1e-12);
  });
});
