import {
  abs,
  add,
  bernoulliEventLogProb,
  bernoulliLogProb,
  ceil,
  cos,
  digamma,
  digammaDifference,
  div,
  equal,
  erf,
  exp,
  expm1,
  floor,
  greater,
  greaterEqual,
  lbeta,
  less,
  lessEqual,
  lgamma,
  log,
  log1mExp,
  log1p,
  logAddExp,
  logicalAnd,
  logicalNot,
  logicalOr,
  logSigmoid,
  logSubExp,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  reciprocal,
  relu,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  step,
  sub,
  type Tensor,
  tanh,
  trigamma,
  where,
} from '@reparam/tensor';
import { bools, edges, floats, ints, normals, ordinary, type Row, type Tolerance } from './row.ts';

const { EPSILON, NEGATIVE_INFINITY } = Number;
const tiny = 2 ** -20;
const points = [-2.3, -0.7, 0.4, 1.9];
const positive = [0.3, 0.9, 1.7, 6];

const one = (x: Tensor) => add(x, 1);
const trigonometric: Tolerance = {
  absolute: 2 ** -11,
  because: 'WGSL asks for no more than 2^-11 within one turn, and for less beyond',
};

const arithmetic: Row[] = [
  ordinary('add', add, [points, [0.2, 0.3, -5, 1]]),
  edges('add', add, [
    [[0, 0], 0, [1, 1]],
    [[17, -100], -83, [1, 1]],
    [[100, 17], 117, [1, 1]],
  ]),
  {
    name: 'add',
    variant: 'broadcast both ways',
    fn: add,
    args: [normals([3, 1]), normals([2, 1, 4], 2)],
    smooth: true,
  },
  { name: 'add', variant: 'of a tensor to itself', fn: (x) => add(x, x), args: [normals([3])], smooth: true },
  ordinary('sub', sub, [points, [0.2, 0.3, -5, 1]]),
  edges('sub', sub, [
    [[0, 0], 0, [1, -1]],
    [[17, -100], 117, [1, -1]],
  ]),
  { name: 'sub', variant: 'broadcast', fn: sub, args: [normals([4]), normals([2, 4], 2)], smooth: true },
  ordinary('mul', mul, [points, [0.2, 0.3, -5, 1]]),
  edges('mul', mul, [
    [[0, 17], 0, [17, 0]],
    [[17, -100], -1700, [-100, 17]],
    [[-100, -100], 10000, [-100, -100]],
  ]),
  { name: 'mul', variant: 'broadcast', fn: mul, args: [normals([2, 1]), normals([3], 2)], smooth: true },
  { name: 'mul', variant: 'a number', fn: (x) => mul(x, -2.5), args: [normals([3])], smooth: true, batch: [true] },
  ordinary('div', div, [points, [0.2, 0.3, -5, 1]]),
  edges('div', div, [
    [[0, 17], 0, [1 / 17, 0]],
    [[-100, 100], -1, [0.01, 0.01]],
    [[17, -100], -0.17, [-0.01, -0.0017]],
  ]),
  { name: 'div', variant: 'broadcast', fn: div, args: [normals([2, 1]), floats([1, -2, 3])], smooth: true },
  ordinary('pow', pow, [positive, [-1.5, 2, 0.5, 3]], {
    tolerance: { relative: 2e-6, because: 'powf of the runtimes' },
  }),
  edges(
    'pow',
    pow,
    [
      [[17, 1.5], 70.09279563550022, [6.18465843842649, 198.58784391670454]],
      [[100, -0.5], 0.1, [-0.0005, 0.4605170185988091]],
      [[17, 0], 1, [0, 2.833213344056216]],
      [[2, 17], 131072, [1114112, 90852.18725035315]],
      [[0, 2], 0, [0, 0]],
    ],
    { tolerance: { relative: 2e-6, because: 'powf of the runtimes' } },
  ),
  edges('pow', (x) => pow(x, 2), [
    [[-17], 289, [-34]],
    [[0], 0, [0]],
    [[100], 10000, [200]],
  ]),
  ordinary('maximum', maximum, [points, [0.2, 0.3, -5, 2]]),
  edges('maximum', maximum, [
    [[0, 0], 0, [0.5, 0.5]],
    [[17, -17], 17, [1, 0]],
    [[-100, 100], 100, [0, 1]],
  ]),
  ordinary('minimum', minimum, [points, [0.2, 0.3, -5, 2]]),
  edges('minimum', minimum, [
    [[0, 0], 0, [0.5, 0.5]],
    [[17, -17], -17, [0, 1]],
    [[-100, 100], -100, [1, 0]],
  ]),
  ordinary('neg', neg, [points]),
  edges('neg', neg, [
    [[17], -17, [-1]],
    [[-100], 100, [-1]],
  ]),
  ordinary('abs', abs, [points]),
  edges('abs', abs, [
    [[0], 0, [0]],
    [[17], 17, [1]],
    [[-100], 100, [-1]],
  ]),
  ordinary('reciprocal', reciprocal, [points]),
  edges('reciprocal', reciprocal, [
    [[-17], -1 / 17, [-1 / 289]],
    [[100], 0.01, [-1e-4]],
  ]),
  ordinary('sqrt', sqrt, [positive]),
  edges('sqrt', sqrt, [
    [[17], 4.123105625617661, [0.12126781251816648]],
    [[100], 10, [0.05]],
    [[0], 0, [Number.POSITIVE_INFINITY]],
  ]),
  ordinary('relu', relu, [points]),
  edges('relu', relu, [
    [[0], 0, [0]],
    [[17], 17, [1]],
    [[-17], 0, [0]],
    [[100], 100, [1]],
    [[-100], 0, [0]],
  ]),
  ordinary('square', square, [points]),
  edges('square', square, [
    [[0], 0, [0]],
    [[-17], 289, [-34]],
    [[100], 10000, [200]],
  ]),
];

const abramowitz: Tolerance = {
  absolute: 2.5e-7,
  because: 'the kernel uses a formula that is good to 1.5e-7 (Abramowitz and Stegun 7.1.26)',
};
const kahan: Tolerance = { relative: 1e-6, absolute: 1e-7, because: 'log and exp are each good to a few roundings' };

const functions: Row[] = [
  ordinary('exp', exp, [points]),
  edges('exp', exp, [
    [[0], 1, [1]],
    [[17], 24154952.7535753, [24154952.7535753]],
    [[-17], 4.139937718785167e-8, [4.139937718785167e-8]],
    [[100], 2.6881171418161356e43, [2.6881171418161356e43]],
    [[-100], 3.720075976020836e-44, [3.720075976020836e-44]],
  ]),
  ordinary('log', log, [positive]),
  edges('log', log, [
    [[1], 0, [1]],
    [[17], 2.833213344056216, [1 / 17]],
    [[100], 4.605170185988092, [0.01]],
  ]),
  edges('log', log, [[[0], NEGATIVE_INFINITY, [Number.POSITIVE_INFINITY]]], {
    variant: 'at 0',
    webgpu: 'WGSL leaves the logarithm of 0 undefined',
  }),
  ordinary('log1p', log1p, [points.map((x) => x / 3)], { tolerance: kahan }),
  edges(
    'log1p',
    log1p,
    [
      [[0], 0, [1]],
      [[17], 2.8903717578961645, [1 / 18]],
      [[100], 4.61512051684126, [1 / 101]],
      [[tiny], 9.536738616591883e-7, [0.9999990463265931]],
      [[-tiny], -9.5367477115389e-7, [1.000000953675226]],
    ],
    { tolerance: { ...kahan, absolute: 1e-12 } },
  ),
  ordinary('expm1', expm1, [points], { tolerance: kahan }),
  edges(
    'expm1',
    expm1,
    [
      [[0], 0, [1]],
      [[17], 24154951.7535753, [24154952.7535753]],
      [[-17], -0.9999999586006229, [4.139937718785167e-8]],
      [[100], 2.6881171418161356e43, [2.6881171418161356e43]],
      [[-100], -1, [3.720075976020836e-44]],
      [[tiny], 9.536747711537455e-7, [1.0000009536747712]],
      [[-tiny], -9.536738616590436e-7, [0.9999990463261383]],
    ],
    { tolerance: { ...kahan, absolute: 1e-12 } },
  ),
  ordinary('tanh', tanh, [points]),
  edges('tanh', tanh, [
    [[0], 0, [1]],
    [[17], 0.9999999999999966, [6.855633726168028e-15]],
    [[-17], -0.9999999999999966, [6.855633726168028e-15]],
    [[100], 1, [0]],
    [[-100], -1, [0]],
  ]),
  ordinary('sigmoid', sigmoid, [points]),
  edges('sigmoid', sigmoid, [
    [[0], 0.5, [0.25]],
    [[17], 0.9999999586006245, [4.1399373760035016e-8]],
    [[-17], 4.1399375473943306e-8, [4.1399373760035016e-8]],
    [[100], 1, [3.720075976020836e-44]],
    [[-100], 3.720075976020836e-44, [3.720075976020836e-44]],
  ]),
  ordinary('softplus', softplus, [points]),
  edges('softplus', softplus, [
    [[0], Math.LN2, [0.5]],
    [[17], 17.000000041399375, [0.9999999586006245]],
    [[-17], 4.139937633089748e-8, [4.1399375473943306e-8]],
    [[100], 100, [1]],
    [[-100], 3.720075976020836e-44, [3.720075976020836e-44]],
  ]),
  ordinary('logSigmoid', logSigmoid, [points]),
  edges('logSigmoid', logSigmoid, [
    [[0], -Math.LN2, [0.5]],
    [[17], -4.139937633089748e-8, [4.1399375473943306e-8]],
    [[-17], -17.000000041399375, [0.9999999586006245]],
    [[100], -3.720075976020836e-44, [3.720075976020836e-44]],
    [[-100], -100, [1]],
  ]),
  ordinary('erf', erf, [points], { webgpu: abramowitz }),
  edges(
    'erf',
    erf,
    [
      [[0], 0, [1.1283791670955126]],
      [[tiny], 1.0761062308265404e-6, [1.1283791670944863]],
      [[3], 0.9999779095030014, [0.00013925305194674786]],
      [[-3], -0.9999779095030014, [0.00013925305194674786]],
      [[17], 1, [3.478161866244735e-126]],
      [[-17], -1, [3.478161866244735e-126]],
      [[100], 1, [0]],
      [[-100], -1, [0]],
    ],
    { webgpu: abramowitz },
  ),
  ordinary('sin', sin, [points], { webgpu: trigonometric }),
  edges(
    'sin',
    sin,
    [
      [[0], 0, [1]],
      [[17], -0.9613974918795568, [-0.27516333805159693]],
      [[-17], 0.9613974918795568, [-0.27516333805159693]],
      [[100], -0.5063656411097588, [0.8623188722876839]],
      [[-100], 0.5063656411097588, [0.8623188722876839]],
    ],
    { webgpu: trigonometric },
  ),
  ordinary('cos', cos, [points], { webgpu: trigonometric }),
  edges(
    'cos',
    cos,
    [
      [[0], 1, [0]],
      [[17], -0.27516333805159693, [0.9613974918795568]],
      [[-100], 0.8623188722876839, [-0.5063656411097588]],
    ],
    { webgpu: trigonometric },
  ),
  ordinary('bernoulliLogProb', bernoulliLogProb, [[0, 1, 0.25, 0.9], points]),
  edges('bernoulliLogProb', bernoulliLogProb, [
    [[0, 0], -Math.LN2, [0, -0.5]],
    [[0, 17], -17.000000041399375, [17, -0.9999999586006245]],
    [[0, -17], -4.139937633089748e-8, [-17, -4.1399375473943306e-8]],
    [[0, 100], -100, [100, -1]],
    [[0, -100], -3.720075976020836e-44, [-100, -3.720075976020836e-44]],
    [[1, 0], -Math.LN2, [0, 0.5]],
    [[1, 17], -4.139937633089748e-8, [17, 4.1399375473943306e-8]],
    [[1, -17], -17.000000041399375, [-17, 0.9999999586006245]],
    [[1, 100], -3.720075976020836e-44, [100, 3.720075976020836e-44]],
    [[1, -100], -100, [-100, 1]],
    [[0.5, 0], -Math.LN2, [0, 0]],
    [[0.5, 100], -50, [100, -0.5]],
    [[0.5, -100], -50, [-100, 0.5]],
  ]),
];

const shifted: Tolerance = {
  relative: 2e-6,
  absolute: 2e-6,
  because: 'Stirling’s series minus what six steps up have added: terms up to 15 are subtracted',
};
const farApart: Tolerance = { relative: 3e-6, absolute: 3e-6, because: 'terms up to 16 are added and subtracted' };

const gammas: Row[] = [
  ordinary('lgamma', lgamma, [positive], { tolerance: shifted }),
  edges(
    'lgamma',
    lgamma,
    [
      [[tiny], 13.8629430607239, [-1048576.5772140962]],
      [[0.5], 0.5723649429247001, [-1.9635100260214235]],
      [[1], 0, [-0.5772156649015329]],
      [[2], 0, [0.42278433509846713]],
      [[17], 30.671860106080672, [2.8035133283274605]],
      [[100], 359.1342053695754, [4.600161852738087]],
      [[1e4], 82099.71749644238, [9.210290371142849]],
    ],
    { tolerance: shifted },
  ),
  ordinary('digamma', digamma, [positive], { tolerance: shifted }),
  edges(
    'digamma',
    digamma,
    [
      [[tiny], -1048576.5772140962, [1099511627777.645]],
      [[0.5], -1.9635100260214235, [4.934802200544679]],
      [[1], -0.5772156649015329, [1.6449340668482264]],
      [[2], 0.42278433509846713, [0.6449340668482264]],
      [[17], 2.8035133283274605, [0.060587533403239364]],
      [[100], 4.600161852738087, [0.010050166663333571]],
      [[1e4], 9.210290371142849, [0.00010000500016666666]],
    ],
    { tolerance: shifted },
  ),
  ordinary('trigamma', trigamma, [positive], { tolerance: shifted }),
  edges(
    'trigamma',
    trigamma,
    [
      [[tiny], 1099511627777.645, [-2.305843009213694e18]],
      [[0.5], 4.934802200544679, [-16.82879664423432]],
      [[1], 1.6449340668482264, [-2.4041138063191885]],
      [[2], 0.6449340668482264, [-0.4041138063191886]],
      [[17], 0.060587533403239364, [-0.003669728873958962]],
      [[100], 0.010050166663333571, [-0.00010100499983335]],
      [[1e4], 0.00010000500016666666, [-1.000100005e-8]],
    ],
    { tolerance: shifted },
  ),
  ordinary('lbeta', lbeta, [positive, [2.5, 0.4, 7, 30]], { tolerance: farApart }),
  edges(
    'lbeta',
    lbeta,
    [
      [[0.5, 0.5], 1.1447298858494002, [-1.3862943611198906, -1.3862943611198906]],
      [[1, 2], -Math.LN2, [-1.5, -0.5]],
      [[tiny, 2], 13.862942657525045, [-1048576.9999990463, -6.150568715589736e-7]],
      [[17, 1], -2.833213344056216, [-0.058823529411764705, -3.4395525226407577]],
      [[17, 100], -48.90684871046511, [-1.9543810146283356, -0.15773249021770852]],
      [[1e4, 0.5], -4.032792743063396, [-5.0001249999998436e-5, -11.173850398414272]],
      [[1, 1e7], -16.11809565095832, [-16.69531136585985, -1e-7]],
      [[1e4, 1e4], -13866.28325676141, [-0.6931721811849453, -0.6931721811849453]],
    ],
    { tolerance: farApart },
  ),
  ordinary('digammaDifference', digammaDifference, [positive, [2.5, 0.4, 7, 30]], { tolerance: shifted }),
  edges(
    'digammaDifference',
    digammaDifference,
    [
      [[0.5, 0.5], 1.3862943611198906, [-3.289868133696453, 1.6449340668482264]],
      [[1, 1], 1, [-1, 0.6449340668482264]],
      [[tiny, 2], 1048576.9999990463, [-1099511627777, 0.644933681455493]],
      [[17, 1], 0.058823529411764705, [-0.0034602076124567475, 0.05712732579078261]],
      [[17, 100], 1.9543810146283356, [-0.052003895118440384, 0.00858363828479898]],
      [[1e4, 0.5], 5.0001249999998436e-5, [-5.000249999999375e-9, 9.999999991666667e-5]],
      [[1, 1e7], 16.69531136585985, [-1.6449339668482315, 9.999999500000016e-8]],
      [[2 ** 24, 1], 2 ** -24, [-3.552713678800501e-15, 5.960464299903382e-8]],
      [[1e4, 0], 0, [0, 0.00010000500016666666]],
    ],
    { tolerance: shifted },
  ),
];

const logSpace: Row[] = [
  ordinary('log1mExp', log1mExp, [positive], { tolerance: kahan }),
  edges(
    'log1mExp',
    log1mExp,
    [
      [[tiny], -13.862944088036027, [1048575.5000000795]],
      [[0.5], -0.9327521295671886, [1.5414940825367982]],
      [[0.6875], -0.6988264329694089, [1.0113908198730106]],
      [[0.703125], -0.6832679352554704, [0.9803387882679815]],
      [[1], -0.4586751453870819, [0.5819767068693265]],
      [[17], -4.1399378044805906e-8, [4.139937890176017e-8]],
      [[100], -3.720075976020836e-44, [3.720075976020836e-44]],
    ],
    { tolerance: kahan },
  ),
  ordinary('logAddExp', logAddExp, [points, [0.2, 0.3, -5, 1]], { tolerance: kahan }),
  edges(
    'logAddExp',
    logAddExp,
    [
      [[0, 0], Math.LN2, [0.5, 0.5]],
      [[17, -17], 17, [0.9999999999999983, 1.713908431542013e-15]],
      [[-100, 100], 100, [1.3838965267367376e-87, 1]],
      [[100, 100], 100.69314718055995, [0.5, 0.5]],
      [[-17, -18], -16.686738312481776, [0.7310585786300049, 0.2689414213699951]],
    ],
    { tolerance: kahan },
  ),
  ordinary('logSubExp', logSubExp, [points, points.map((x) => x - 0.3)], { tolerance: kahan }),
  edges(
    'logSubExp',
    logSubExp,
    [
      [[0, -1], -0.4586751453870819, [1.5819767068693265, -0.5819767068693265]],
      [[17, -17], 17, [1.0000000000000018, -1.713908431542016e-15]],
      [[100, -100], 100, [1, -1.3838965267367376e-87]],
      [[-17, -18], -17.458675145387083, [1.5819767068693265, -0.5819767068693265]],
      [[100, 99.5], 99.06724787043281, [2.5414940825367984, -1.5414940825367982]],
    ],
    { tolerance: kahan },
  ),
];

const events: Row[] = [
  {
    name: 'bernoulliEventLogProb',
    fn: bernoulliEventLogProb,
    args: [floats([0, 1, 0.25, 0.9, 1, 0], [2, 3]), normals([2, 3])],
    smooth: true,
    batch: [true, true],
  },
  {
    name: 'bernoulliEventLogProb',
    variant: 'samples of logits for one x',
    fn: bernoulliEventLogProb,
    args: [floats([0, 1, 0.25, 0.9, 1, 0], [2, 3]), normals([4, 2, 3])],
    smooth: true,
  },
  {
    name: 'bernoulliEventLogProb',
    variant: 'one event of logits for a batch of x',
    fn: bernoulliEventLogProb,
    args: [floats([0, 1, 0.25, 0.9, 1, 0], [2, 3]), normals([3])],
    smooth: true,
  },
  {
    name: 'bernoulliEventLogProb',
    variant: 'long event of extremes',
    fn: bernoulliEventLogProb,
    args: [
      floats(Array.from({ length: 226 }, (_, i) => i % 2)),
      floats(Array.from({ length: 226 }, (_, i) => (i === 0 ? 17 : [-100, 100][i % 2]!))),
    ],
    exact: { value: [-17.000000041399375] },
  },
  {
    name: 'bernoulliEventLogProb',
    variant: 'long event of zeros',
    fn: bernoulliEventLogProb,
    args: [floats(new Array(226).fill(1)), floats(new Array(226).fill(0))],
    exact: { value: [-226 * Math.LN2], gradients: [new Array(226).fill(0), new Array(226).fill(0.5)] },
    tolerance: { relative: 2e-6, because: 'a sum of 113 equal terms, taken one after the other' },
  },
];

const extremes = [0, 17, -17, 100, -100];
const unaryEdges = (name: Row['name'], fn: Row['fn'], value: (x: number) => number, at: readonly number[]): Row =>
  edges(
    name,
    fn,
    at.map((x) => [[x], value(x), [0]] as const),
  );

const comparisons: Row[] = (
  [
    ['less', less, (a, b) => a < b],
    ['lessEqual', lessEqual, (a, b) => a <= b],
    ['greater', greater, (a, b) => a > b],
    ['greaterEqual', greaterEqual, (a, b) => a >= b],
    ['equal', equal, (a, b) => a === b],
  ] as const satisfies readonly (readonly [Row['name'], Row['fn'], (a: number, b: number) => boolean])[]
).flatMap(([name, fn, holds]) => {
  const pairs = extremes.flatMap((a) => [0, 17, -100].map((b) => [[a, b], Number(holds(a, b))] as const));
  return [edges(name, fn, pairs), edges(name, fn, pairs, { variant: 'int32', make: ints })];
});

const stepwise: Row[] = [
  unaryEdges('step', step, (x) => (x > 0 ? 1 : 0), [...extremes, tiny, -tiny, 0.5]),
  unaryEdges('sign', sign, Math.sign, [...extremes, tiny, -tiny]),
  unaryEdges('floor', floor, Math.floor, [...extremes, 0.5, -0.5, 1 - EPSILON * 2 ** 29]),
  unaryEdges('ceil', ceil, Math.ceil, [...extremes, 0.5, -1.5, tiny]),
  {
    name: 'where',
    fn: (a, b) => where(less(a, b), mul(a, a), sin(b)),
    args: [normals([5]), normals([5], 2)],
    smooth: true,
    batch: [true, true],
    webgpu: trigonometric,
  },
  edges('where', (a, b) => where(greater(a, 0), a, b), [
    [[17, 1], 17, [1, 0]],
    [[-17, 2], 2, [0, 1]],
    [[0, 100], 100, [0, 1]],
  ]),
  { name: 'where', variant: 'broadcast', fn: (x) => where(greater(x, 0), x, 3), args: [normals([2, 3])], smooth: true },
  {
    name: 'where',
    variant: 'a branch that is infinite but not chosen',
    fn: (x) => where(greater(x, 0), log(where(greater(x, 0), x, 1)), 0),
    args: [floats([-1, 0, 1])],
    exact: { value: [0, 0, 0], gradients: [[0, 0, 1]] },
  },
  edges(
    'where',
    (a) => where(greater(a, 0), a, 7),
    [
      [[17], 17],
      [[-17], 7],
    ],
    { variant: 'int32', make: ints },
  ),
];

const logical: Row[] = [
  edges(
    'logicalAnd',
    logicalAnd,
    [
      [[0, 0], 0],
      [[0, 1], 0],
      [[1, 0], 0],
      [[1, 1], 1],
    ],
    { make: bools },
  ),
  edges(
    'logicalOr',
    logicalOr,
    [
      [[0, 0], 0],
      [[0, 1], 1],
      [[1, 0], 1],
      [[1, 1], 1],
    ],
    { make: bools },
  ),
  edges(
    'logicalNot',
    logicalNot,
    [
      [[0], 1],
      [[1], 0],
    ],
    { make: bools },
  ),
];

const integers: Row[] = [
  edges(
    'add',
    one,
    [
      [[-17], -16],
      [[100], 101],
    ],
    { variant: 'int32', make: ints },
  ),
  edges('sub', sub, [[[17, 100], -83]], { variant: 'int32', make: ints }),
  edges('mul', mul, [[[17, -100], -1700]], { variant: 'int32', make: ints }),
  edges(
    'neg',
    neg,
    [
      [[17], -17],
      [[0], 0],
      [[-100], 100],
    ],
    { variant: 'int32', make: ints },
  ),
  edges('maximum', maximum, [[[17, -100], 17]], { variant: 'int32', make: ints }),
  edges('minimum', minimum, [[[17, -100], -100]], { variant: 'int32', make: ints }),
];

/** Elementwise operations. */
export const elementwiseRows: readonly Row[] = [
  ...arithmetic,
  ...functions,
  ...gammas,
  ...logSpace,
  ...events,
  ...comparisons,
  ...stepwise,
  ...logical,
  ...integers,
];
