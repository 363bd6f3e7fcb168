import { type HostTensor, hostTensor, type Key, normalArray, sizeOf, uniformArray } from '@reparam/tensor';

/** Numbers of inputs and outputs of a layer. */
export interface Fan {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** Draws the starting values of a weight. */
export type Initializer = (key: Key, shape: readonly number[], fan: Fan) => HostTensor;

const uniformWithin =
  (bound: (fan: Fan) => number): Initializer =>
  (key, shape, fan) => {
    const width = bound(fan);
    return hostTensor(
      uniformArray(key, sizeOf(shape)).map((u) => (2 * u - 1) * width),
      shape,
    );
  };

const normalOf =
  (deviation: (fan: Fan) => number): Initializer =>
  (key, shape, fan) => {
    const scale = deviation(fan);
    return hostTensor(
      normalArray(key, sizeOf(shape)).map((z) => z * scale),
      shape,
    );
  };

/** Uniform on ±√(6 / (fanIn + fanOut)) (Glorot and Bengio 2010): for tanh and sigmoid. */
export const glorotUniform = uniformWithin(({ fanIn, fanOut }) => Math.sqrt(6 / (fanIn + fanOut)));
/** Normal with variance 2 / (fanIn + fanOut). */
export const glorotNormal = normalOf(({ fanIn, fanOut }) => Math.sqrt(2 / (fanIn + fanOut)));
/** Uniform on ±√(6 / fanIn) (He et al. 2015): for relu and its kin. */
export const heUniform = uniformWithin(({ fanIn }) => Math.sqrt(6 / fanIn));
/** Normal with variance 2 / fanIn. */
export const heNormal = normalOf(({ fanIn }) => Math.sqrt(2 / fanIn));
/** Uniform on ±1/√fanIn: PyTorch's default for linear layers, weight and bias. */
export const lecunUniform = uniformWithin(({ fanIn }) => 1 / Math.sqrt(fanIn));
/** Standard normal: for embeddings. */
export const unitNormal = normalOf(() => 1);
/** All zero. */
export const zeros: Initializer = (_, shape) => hostTensor(new Float32Array(sizeOf(shape)), shape);

/** Every initialiser by name. */
export const initializers = {
  glorotUniform,
  glorotNormal,
  heUniform,
  heNormal,
  lecunUniform,
  unitNormal,
  zeros,
} as const;
/** Name of an initialiser. */
export type InitializerName = keyof typeof initializers;
