import { type NoiseKind, type Shape, staticShape, type Tensor, type Trace } from '@reparam/tensor';

/** Where a part draws its noise: a name that no other draw of the trace has. */
export interface NoiseSite {
  /** Noise of `shape` whose axis `rowAxis` is the batch. */
  draw(kind: NoiseKind, shape: Shape, rowAxis: number): Tensor;
  /** A site named below this one, for a distribution that draws more than once. */
  child(name: string): NoiseSite;
}

/** What the whole trace knows of its batch, the same for every part. */
export interface BatchContext {
  /** True in training, false in evaluation (dropout off, running averages used). */
  readonly training: boolean;
  /** What a conditional model is given beside each example: float32 [B, conditionSize]; labels are one-hot. */
  readonly condition?: Tensor | undefined;
  /** [B]: 1/n for each of the n real rows, 0 for padding; in training only. */
  readonly weights?: Tensor | undefined;
  /** Set where an encoder is given fewer rows than `condition` has, as each is met with several conditions. */
  readonly spread?: Spread | undefined;
  /** Sets what a buffer (a parameter that is not trained, under the key `buffers`) holds after this step. */
  update(buffer: Tensor, next: Tensor): void;
}

/** How the rows of a batch become rows with a one-hot condition each. */
export interface Spread {
  /** [B, n] to [R, n], the rows of `condition`; `perCondition` [C, n] adds to each the row of its condition. */
  rows(perRow: Tensor, perCondition?: Tensor): Tensor;
  /** [B]: the weights of the rows as they are given. */
  readonly weights?: Tensor | undefined;
}

/** What a part sees of the trace it is applied in. */
export interface Context extends BatchContext {
  /** A noise site named `name` below this context. */
  site(name: string): NoiseSite;
  /** The context of a sub-part. */
  child(name: string): Context;
}

/** Draws noise for the site of the given full name. */
export type DrawNoise = (site: string, kind: NoiseKind, shape: Shape, rowAxis: number) => Tensor;

const noiseSite = (draw: DrawNoise, path: string): NoiseSite => ({
  draw: (kind, shape, rowAxis) => draw(path, kind, shape, rowAxis),
  child: (name) => noiseSite(draw, `${path}/${name}`),
});

/** A context whose noise comes from `draw`; outside training nothing keeps what `update` sets. */
export function noiseContext(draw: DrawNoise, batch: Partial<BatchContext> = {}, path = ''): Context {
  const { training = false, condition, weights, update = () => {} } = batch;
  return {
    training,
    condition,
    weights,
    update,
    site: (name) => noiseSite(draw, path + name),
    child: (name) => noiseContext(draw, batch, `${path}${name}/`),
  };
}

/** A context that declares its noise in `trace`. */
export const traceContext = (trace: Trace, training: boolean, batch: Partial<BatchContext> = {}): Context =>
  noiseContext((site, kind, shape, rowAxis) => trace.noise(site, kind, staticShape(shape, 'noise'), rowAxis), {
    ...batch,
    training,
  });

/** `context` for rows that are not those of the batch: as at evaluation, without conditions, weights or updates of buffers. */
export const apartFromBatch = (context: Context): Context => ({
  training: false,
  update: () => {},
  site: context.site,
  child: (name) => apartFromBatch(context.child(name)),
});

/** `context` and all below it with other facts about the batch, and with noise sites put through `change`. */
export const withBatch = (
  context: Context,
  batch: Partial<BatchContext>,
  change: (site: NoiseSite) => NoiseSite = (site) => site,
): Context => ({
  ...context,
  ...batch,
  site: (name) => change(context.site(name)),
  child: (name) => withBatch(context.child(name), batch, change),
});

/** `site` for a distribution without a batch whose samples, on the first axis, are the rows. */
export const samplesAreRows = (site: NoiseSite): NoiseSite => ({
  draw: (kind, shape) => site.draw(kind, shape, 0),
  child: (name) => samplesAreRows(site.child(name)),
});
