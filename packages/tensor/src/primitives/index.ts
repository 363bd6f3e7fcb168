export { abs, add, div, maximum, minimum, mul, neg, pow, reciprocal, relu, sqrt, square, sub } from './arithmetic.ts';
export { digammaDifference, lbeta } from './beta.ts';
export {
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  step,
  where,
} from './compare.ts';
export { type ConvOptions, type ConvTransposeOptions, conv2d, convTranspose2d } from './conv.ts';
export {
  ceil,
  cos,
  erf,
  exp,
  expm1,
  floor,
  log,
  log1p,
  logSigmoid,
  sigmoid,
  sign,
  sin,
  softplus,
  tanh,
} from './functions.ts';
export { digamma, lgamma, trigamma } from './gamma.ts';
export { gather, oneHot, scatterAdd } from './gather.ts';
export { bernoulliEventLogProb, bernoulliLogProb } from './likelihood.ts';
export { log1mExp, logAddExp, logSubExp } from './logSpace.ts';
export { type MatmulOptions, matmul } from './matmul.ts';
export { fold, type PatchOptions, unfold } from './patches.ts';
export { avgPool2d, maxPool2d, type PoolOptions } from './pool.ts';
export { argMax, cumsum, logMeanExp, logSumExp, max, mean, min, type ReduceOptions, sum } from './reduce.ts';
export { logSoftmax, softmax } from './softmax.ts';
export { asTensor, constant, input, type TensorLike } from './source.ts';
export {
  broadcastTo,
  cast,
  concat,
  iota,
  pad,
  reshape,
  slice,
  split,
  stack,
  stopGradient,
  sumTo,
  transpose,
} from './structure.ts';
