import { apply, type Tensor } from '../tensor.ts';
import { mul, sub } from './arithmetic.ts';
import { defineElementwise } from './elementwise.ts';
import { sigmoid } from './functions.ts';
import { asTensor, type TensorLike } from './source.ts';

const bernoulliLogProbOp = defineElementwise({
  name: 'bernoulliLogProb',
  value: (x, l) => x * l - Math.max(l, 0) - Math.log1p(Math.exp(-Math.abs(l))),
  grad: (g, [x, l]) => [mul(g, l!), mul(g, sub(x!, sigmoid(l!)))],
  // Vectorised form of softplus; it underflows to 0 below -17, which a likelihood does not notice.
  onnx: (e, [x, l]) => {
    const tail = e.node('Log', [e.node('Add', [e.node('Exp', [e.node('Neg', [e.node('Abs', [l!])])]), e.float(1)])]);
    const linear = e.node('Sub', [e.node('Mul', [x!, l!]), e.node('Relu', [l!])]);
    return e.node('Sub', [linear, tail]);
  },
});

/** log Bernoulli(x; σ(l)) = x·l − softplus(l), for x in [0, 1] and logits l, in nats per element. */
export const bernoulliLogProb = (x: TensorLike, logits: TensorLike): Tensor =>
  apply(bernoulliLogProbOp, [asTensor(x), asTensor(logits)], null);
