import { type NoiseKind, type Shape, staticShape, type Tensor, type Trace } from '@reparam/tensor';

/** Where a part draws its noise: a name that no other draw of the trace has. */
export interface NoiseSite {
  /** Noise of `shape` whose axis `rowAxis` is the batch. */
  draw(kind: NoiseKind, shape: Shape, rowAxis: number): Tensor;
}

/** What a part sees of the trace it is applied in. */
export interface Context {
  /** True in training, false in evaluation (dropout off, running averages used). */
  readonly training: boolean;
  /** A noise site named `name` below this context. */
  site(name: string): NoiseSite;
  /** The context of a sub-part. */
  child(name: string): Context;
}

/** A context that declares its noise in `trace`. */
export const traceContext = (trace: Trace, training: boolean, path = ''): Context => ({
  training,
  site: (name) => ({
    draw: (kind, shape, rowAxis) => trace.noise(path + name, kind, staticShape(shape, 'noise'), rowAxis),
  }),
  child: (name) => traceContext(trace, training, `${path}${name}/`),
});
