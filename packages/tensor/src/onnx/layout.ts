import { matmul, matmulOp } from '../primitives/matmul.ts';
import { isStatic } from '../shape.ts';
import { simplify } from '../simplify.ts';
import { apply, elementCount, isOp, type Tensor, topologicalOrder } from '../tensor.ts';
import { BatchLast } from './batchLast.ts';
import { canRotate, type Rotated, type Rotation, rotate, rotateBack, rotationOf } from './rotation.ts';

/** Images of fewer examples are convolved by the runtime's own operators: runs of so few numbers are not worth gathering. */
const leastBatch = 16;

/**
 * Chooses how tensors lie in memory for a CPU. Activations [batch, features] are kept feature-major where that makes
 * products cheaper: a product repacks its second operand, so it is quicker when that is the smaller one,
 * (A B)ᵀ = Bᵀ Aᵀ. Images are kept with the batch last, for the sake of their convolutions (`BatchLast`).
 *
 * Tensors tied by operations that need them alike form a group; each is rotated (first axis last) when it has
 * convolutions, or when that moves fewer elements in its products and at its borders.
 */
export function chooseLayout(outputs: readonly Tensor[]): Tensor[] {
  const nodes = topologicalOrder(outputs);
  const rotations = new Map(nodes.flatMap((node) => [[node, rotationOf(node)] as const].filter(([, r]) => r)));
  const rotated = groupsWorthRotating(nodes, new Set(outputs), rotations as Rotations);
  if (rotated.size === 0) return [...outputs];
  return simplify(rewrite(nodes, outputs, rotated, rotations as Rotations));
}

type Rotations = ReadonlyMap<Tensor, Rotation>;

const isMatrix = (t: Tensor): boolean => t.rank === 2 && isStatic(t.shape);
const isProduct = (t: Tensor): boolean => isOp(t, matmulOp) && isMatrix(t) && t.inputs.slice(0, 2).every(isMatrix);
const slidesWindow = new Set(['conv', 'convTranspose', 'convWeight', 'unfold', 'fold', 'maxPool']);

/** Tensors that must lie alike because operations tie them together. */
function groupsOf(nodes: readonly Tensor[], rotations: Rotations): Map<Tensor, Tensor> {
  const parent = new Map<Tensor, Tensor>(nodes.filter(canRotate).map((t) => [t, t]));
  const find = (t: Tensor): Tensor => {
    let root = t;
    while (parent.get(root)! !== root) root = parent.get(root)!;
    return root;
  };
  for (const [node, { tied, rotatesResult }] of rotations) {
    const [first, ...others] = rotatesResult ? [node, ...tied] : tied;
    for (const t of others) parent.set(find(t), find(first!));
  }
  return new Map([...parent.keys()].map((t) => [t, find(t)]));
}

/** Elements a product moves besides its arithmetic: its second operand is repacked, a transposed first one too. */
function productCost(node: Tensor, isRotated: (t: Tensor) => boolean): number {
  const { transA, transB } = node.attrs as { transA: boolean; transB: boolean };
  const [a, b] = node.inputs as [Tensor, Tensor];
  const flipped = isRotated(node);
  const [first, second] = flipped ? [b, a] : [a, b];
  const trans = (flipped ? !transB : transA) !== isRotated(first);
  return elementCount(second) + (trans ? elementCount(first) : 0);
}

/** The groups to rotate: those of convolutions, then others one at a time while that moves fewer elements. */
function groupsWorthRotating(
  nodes: readonly Tensor[],
  outputs: ReadonlySet<Tensor>,
  rotations: Rotations,
): Set<Tensor> {
  const group = groupsOf(nodes, rotations);
  const products = nodes.filter(isProduct);
  const rotatesItself = (t: Tensor): boolean => isProduct(t) || rotations.get(t)?.rotatesResult === true;
  const accepts = (user: Tensor, operand: Tensor): boolean =>
    isProduct(user) || rotations.get(user)?.tied.includes(operand) === true;
  // Tensors that are made or needed as they are: rotating their group means moving them.
  const fixed = new Set<Tensor>([...group.keys()].filter((t) => outputs.has(t) || !rotatesItself(t)));
  for (const node of nodes) {
    for (const operand of node.inputs) if (canRotate(operand) && !accepts(node, operand)) fixed.add(operand);
  }
  const flipped = new Set<Tensor>();
  const isRotated = (t: Tensor): boolean => flipped.has(group.get(t)!);
  const touching = new Map<Tensor, Set<Tensor>>();
  for (const product of products) {
    for (const t of [product, ...product.inputs.slice(0, 2)]) {
      const root = group.get(t)!;
      touching.set(root, (touching.get(root) ?? new Set()).add(product));
    }
  }
  const border = new Map<Tensor, number>();
  for (const t of fixed) {
    // Bytes are a quarter of the work.
    const cost = elementCount(t) * (t.dtype === 'uint8' ? 0.25 : 1);
    border.set(group.get(t)!, (border.get(group.get(t)!) ?? 0) + cost);
  }
  const costOf = (root: Tensor): number => {
    let cost = flipped.has(root) ? (border.get(root) ?? 0) : 0;
    for (const product of touching.get(root) ?? []) cost += productCost(product, isRotated);
    return cost;
  };
  const toggle = (root: Tensor): void => {
    if (!flipped.delete(root)) flipped.add(root);
  };
  const chosen = [...rotations].filter(
    ([{ op }, { tied }]) => slidesWindow.has(op.name) && Number(tied[0]!.shape[0]) >= leastBatch,
  );
  const convolved = new Set(chosen.flatMap(([, { tied }]) => tied.map((t) => group.get(t)!)));
  for (const root of convolved) flipped.add(root);
  for (let improved = true; improved; ) {
    improved = false;
    for (const root of touching.keys()) {
      if (convolved.has(root)) continue;
      const before = costOf(root);
      toggle(root);
      if (costOf(root) < before) improved = true;
      else toggle(root);
    }
  }
  return new Set([...group.keys()].filter(isRotated));
}

function rewrite(
  nodes: readonly Tensor[],
  outputs: readonly Tensor[],
  rotated: ReadonlySet<Tensor>,
  rotations: Rotations,
): Tensor[] {
  /** Nodes as they were, and those that are kept rotated. */
  const plain = new Map<Tensor, Tensor>();
  const turned = new Map<Tensor, Tensor>();
  const batchLast = new BatchLast();
  const asPlain = (t: Tensor): Tensor => plain.get(t) ?? rotateBack(turned.get(t)!);
  const asRotated: Rotated = (t, rank = t.rank) =>
    (rank === t.rank ? turned.get(t) : undefined) ?? rotate(asPlain(t), rank);

  for (const node of nodes) {
    const { inputs, attrs, op } = node;
    const rotation = rotations.get(node);
    if (rotated.has(node) && isProduct(node)) {
      const { transA, transB } = attrs as { transA: boolean; transB: boolean };
      const [a, b, bias] = inputs;
      const options = { transA: !transB, transB: !transA, ...(bias && { bias: asRotated(bias, 2) }) };
      turned.set(node, matmul(asPlain(b!), asPlain(a!), options));
    } else if (rotated.has(node) && rotation?.rotatesResult) {
      turned.set(node, rotation.make(asRotated, batchLast));
    } else if (rotation && !rotation.rotatesResult && rotated.has(rotation.tied[0]!)) {
      plain.set(node, rotation.make(asRotated, batchLast));
    } else {
      const now = inputs.map(asPlain);
      const made = now.every((t, i) => t === inputs[i]) ? node : apply(op, now, attrs);
      if (rotated.has(node)) turned.set(node, rotate(made));
      else plain.set(node, made);
    }
  }
  return outputs.map(asPlain);
}
