import { add, broadcastTo, concat, iota, matmul, mul, oneHot, reshape, slice, type Tensor } from '@reparam/tensor';
import { type Context, type NoiseSite, withBatch } from '../context.ts';

/** Rows of a batch with a class each: the labelled ones, which come first, with theirs; every other one with each class. */
export interface ClassRows {
  /** For an encoder, which is given the rows of the batch. */
  readonly encoding: Context;
  /** For parts that are given a code of each of the R = L + K · U rows. */
  readonly decoding: Context;
  /** [B, n] to [R, n]. */
  spread(perRow: Tensor): Tensor;
  /** [..., R] to [..., L]; absent where no row is labelled. */
  readonly labelled: ((perRow: Tensor) => Tensor) | undefined;
  /** [..., R, *] to [..., K, U, *], with the rows on `axis` (default: the last); absent where all are labelled. */
  readonly unlabelled: ((perRow: Tensor, axis?: number) => Tensor) | undefined;
}

/** The rows of a batch of `batchSize` with K = `numClasses` classes; `targets` [L, K] are the labels of its first L rows. */
export function classRows(context: Context, batchSize: number, numClasses: number, targets?: Tensor): ClassRows {
  const numLabelled = (targets?.shape[0] as number | undefined) ?? 0;
  const numOthers = batchSize - numLabelled;
  const numRows = numLabelled + numClasses * numOthers;
  const classes = oneHot(iota(numClasses), numClasses);

  /** The two kinds of rows of the batch, each by its own rule, one below the other. */
  const join = (t: Tensor, own: (labelled: Tensor) => Tensor, every: (others: Tensor) => Tensor) => {
    const width = t.shape.at(-1)!;
    const others = () => reshape(every(slice(t, 0, numLabelled)), [numClasses * numOthers, width]);
    if (numOthers === 0) return own(t);
    return numLabelled === 0 ? others() : concat([own(slice(t, 0, 0, numLabelled)), others()], 0);
  };
  const rows = (perRow: Tensor, perClass?: Tensor): Tensor => {
    const width = perRow.shape.at(-1)!;
    return join(
      perRow,
      (own) => (perClass ? add(own, matmul(targets!, perClass)) : own),
      (others) =>
        perClass
          ? add(others, reshape(perClass, [numClasses, 1, width]))
          : broadcastTo(others, [numClasses, numOthers, width]),
    );
  };

  /** Each row draws for every class; a labelled one uses the first of them. */
  const noise = (site: NoiseSite): NoiseSite => ({
    draw(kind, shape, axis) {
      if (numOthers === 0 || shape[axis] !== numRows) return site.draw(kind, shape, axis);
      const whole = site.draw(kind, shape.toSpliced(axis, 1, numClasses, batchSize), axis + 1);
      const others = reshape(slice(whole, axis + 1, numLabelled), shape.toSpliced(axis, 1, numClasses * numOthers));
      if (numLabelled === 0) return others;
      const first = slice(slice(whole, axis, 0, 1), axis + 1, 0, numLabelled);
      return concat([reshape(first, shape.toSpliced(axis, 1, numLabelled)), others], axis);
    },
    child: (name) => noise(site.child(name)),
  });

  const ofOthers = () => {
    const each = broadcastTo(reshape(classes, [numClasses, 1, numClasses]), [numClasses, numOthers, numClasses]);
    return reshape(each, [numClasses * numOthers, numClasses]);
  };
  const condition = numOthers === 0 ? targets! : numLabelled === 0 ? ofOthers() : concat([targets!, ofOthers()], 0);
  const { weights } = context;
  const spreadWeights = () =>
    join(
      reshape(weights!, [batchSize, 1]),
      (own) => own,
      (others) => broadcastTo(mul(others, 1 / numClasses), [numClasses, numOthers, 1]),
    );
  const decoding = withBatch(context, { condition, weights: weights && reshape(spreadWeights(), [numRows]) }, noise);
  return {
    decoding,
    encoding: withBatch(decoding, { spread: { rows, weights } }),
    spread: rows,
    labelled: numLabelled === 0 ? undefined : (t) => slice(t, -1, 0, numLabelled),
    unlabelled:
      numOthers === 0
        ? undefined
        : (t, axis = t.rank - 1) =>
            reshape(slice(t, axis, numLabelled), t.shape.toSpliced(axis, 1, numClasses, numOthers)),
  };
}
