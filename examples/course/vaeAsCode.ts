import {
  add,
  compileStep,
  exp,
  grad,
  type HostTensor,
  hostTensor,
  key,
  mapTree,
  matmul,
  mean,
  mul,
  normalArray,
  sizeOf,
  softplus,
  spec,
  specsOf,
  split,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
} from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { digits } from 'reparam';

// A whole variational autoencoder without the library's models: 64 pixels, 32 hidden units, a code of 4 numbers.
const latentDim = 4;

const matrix = (rows: number, columns: number, seed: number): HostTensor =>
  hostTensor(
    normalArray(key(seed), rows * columns).map((v) => v / Math.sqrt(rows)),
    [rows, columns],
  );
const zeros = ({ shape }: Pick<HostTensor, 'shape'>): HostTensor => hostTensor(new Float32Array(sizeOf(shape)), shape);
const weights = {
  a: matrix(64, 32, 1),
  b: matrix(32, 2 * latentDim, 2),
  c: matrix(latentDim, 32, 3),
  d: matrix(32, 64, 4),
  offset: zeros({ shape: [64] }),
};

/** The bound on log p(x), averaged over bits x [B, 64], with standard normal noise ε [B, 4]; in two forms. */
export function bound(w: { readonly [Name in keyof typeof weights]: Tensor }, x: Tensor, epsilon: Tensor) {
  const [mu, logVariance] = split(matmul(tanh(matmul(x, w.a)), w.b), 1, [latentDim, latentDim]) as [Tensor, Tensor];
  const z = add(mu, mul(exp(mul(logVariance, 0.5)), epsilon)); // the reparameterisation
  const logits = add(matmul(tanh(matmul(z, w.c)), w.d), w.offset);
  const logLikelihood = sum(sub(mul(x, logits), softplus(logits)), { axes: 1 });
  // The KL in closed form: half the sum of μ² + σ² − 1 − log σ².
  const kl = mul(sum(sub(add(square(mu), exp(logVariance)), add(logVariance, 1)), { axes: 1 }), 0.5);
  // The same from the draw, log q(z|x) − log p(z); the constants of the two normals cancel.
  const drawn = mul(sum(sub(square(z), add(logVariance, square(epsilon))), { axes: 1 }), 0.5);
  return { closedForm: mean(sub(logLikelihood, kl)), sampled: mean(sub(logLikelihood, drawn)) };
}

const runtime = await nodeRuntime();
const { data, scale, size } = digits('train');
const x = hostTensor(
  Float32Array.from(data, (value) => (value * scale > 0.5 ? 1 : 0)),
  [size, 64],
);
const specs = {
  state: { w: specsOf(weights), velocity: specsOf(weights) },
  batch: {},
  shared: { x: spec([size, 64]) },
};
const step = await compileStep(
  ({ w, velocity }, _, trace, { x }) => {
    const forms = bound(w, x, trace.noise('epsilon', 'normal', [size, latentDim]));
    const slope = grad(forms.closedForm, w);
    const names = Object.keys(w) as (keyof typeof w)[];
    const next = (make: (name: keyof typeof w) => Tensor) =>
      Object.fromEntries(names.map((name) => [name, make(name)])) as typeof w;
    const faster = next((name) => add(mul(velocity[name], 0.9), slope[name]));
    return { state: { w: next((name) => add(w[name], mul(faster[name], 0.02))), velocity: faster }, outputs: forms };
  },
  specs,
  { runtime },
);

// Every row is presented once a step: the noise of a row depends on how often that was.
const rows = Int32Array.from({ length: 100 * size }, (_, i) => i % size);
let state = { w: weights, velocity: mapTree(weights, zeros) };
for (let call = 0; call < 5; call++) {
  const draws = rows.map((_, i) => 100 * call + Math.floor(i / size));
  const done = await step.run(state, {}, 100, { shared: { x }, noise: { seed: 0, rows, draws } });
  state = done.state;
  const { closedForm, sampled } = done.outputs;
  const last = (t: HostTensor) => Number(t.data.at(-1)).toFixed(2);
  console.log(`step ${100 * (call + 1)}: ${last(closedForm)} with the KL in closed form, ${last(sampled)} from draws`);
}
