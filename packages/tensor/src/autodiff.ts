import { ReparamError } from './errors.ts';
import { add, constant } from './primitives/index.ts';
import { broadcastTo } from './primitives/structure.ts';
import { formatShape } from './shape.ts';
import { type Tensor, topologicalOrder } from './tensor.ts';
import { flatten, type MapTree, unflatten } from './tree.ts';

/** Options of `grad`. */
export interface GradOptions {
  /** Tensors treated as constants in this derivative only: it becomes a partial derivative. */
  readonly hold?: readonly Tensor[];
}

/**
 * Gradient of a scalar with respect to each leaf of `inputs` (any tensors, not only program inputs), in the same
 * structure. Leaves the scalar does not depend on get zeros. The result is an ordinary expression: it can be
 * differentiated again.
 */
export function grad<T>(scalar: Tensor, inputs: T, { hold = [] }: GradOptions = {}): MapTree<T, Tensor, Tensor> {
  if (scalar.shape.length !== 0 || scalar.dtype !== 'float32') {
    throw new ReparamError('shape', 'grad: only a float32 scalar has a gradient', {
      got: `${scalar.dtype} ${formatShape(scalar.shape)}`,
      expected: 'float32 []',
      fix: 'Sum or average first',
    });
  }
  const leaves = flatten<Tensor>(inputs);
  const gradients = backward(
    scalar,
    leaves.map(([, leaf]) => leaf),
    new Set(hold),
  );
  const byPath = new Map(leaves.map(([path, leaf]) => [path, gradients.get(leaf) ?? zerosLike(leaf)]));
  return unflatten<T, Tensor, Tensor>(inputs, byPath);
}

const zerosLike = (x: Tensor): Tensor => broadcastTo(constant(0), x.shape);

function backward(scalar: Tensor, wanted: readonly Tensor[], held: ReadonlySet<Tensor>): Map<Tensor, Tensor> {
  const order = topologicalOrder([scalar]);
  // Only tensors that depend on a wanted one carry a gradient; nothing flows through a held one.
  const carries = new Set<Tensor>(wanted.filter((t) => !held.has(t)));
  for (const node of order) {
    if (!held.has(node) && node.op.vjp && node.inputs.some((t) => carries.has(t))) carries.add(node);
  }
  const gradients = new Map<Tensor, Tensor>([[scalar, constant(1)]]);
  for (const node of order.reverse()) {
    const g = gradients.get(node);
    if (!g || !carries.has(node) || !node.op.vjp || !node.inputs.some((t) => carries.has(t))) continue;
    const contributions = node.op.vjp(g, node);
    node.inputs.forEach((target, i) => {
      const contribution = contributions[i];
      if (!contribution || !carries.has(target)) return;
      const known = gradients.get(target);
      gradients.set(target, known ? add(known, contribution) : contribution);
    });
  }
  return gradients;
}
