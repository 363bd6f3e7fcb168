import { eventLogProbOp } from '../primitives/likelihood.ts';
import { matmul, matmulOp } from '../primitives/matmul.ts';
import { sum } from '../primitives/reduce.ts';
import { reshape, transpose } from '../primitives/structure.ts';
import { isStatic, sameShape } from '../shape.ts';
import { simplify } from '../simplify.ts';
import { apply, elementCount, isOp, type Tensor, topologicalOrder } from '../tensor.ts';

/**
 * Chooses how matrices lie in memory for a CPU: activations [batch, features] are kept feature-major where that makes
 * products cheaper. A product repacks its second operand, so it is quicker when that is the smaller one: (A B)ᵀ = Bᵀ Aᵀ.
 *
 * Matrices tied by pointwise operations must agree; each such group is transposed when that moves fewer elements in its
 * products and at its borders.
 */
export function chooseLayout(outputs: readonly Tensor[]): Tensor[] {
  const nodes = topologicalOrder(outputs);
  const transposed = groupsWorthTransposing(nodes, new Set(outputs));
  if (transposed.size === 0) return [...outputs];
  return simplify(rewrite(nodes, outputs, transposed));
}

const isMatrix = (t: Tensor): boolean => t.rank === 2 && isStatic(t.shape);
const isProduct = (t: Tensor): boolean => isOp(t, matmulOp) && isMatrix(t) && t.inputs.slice(0, 2).every(isMatrix);
const isEventLogProb = (t: Tensor): boolean =>
  isOp(t, eventLogProbOp) &&
  t.attrs.fromEnd === 1 &&
  t.inputs.every(isMatrix) &&
  sameShape(t.inputs[0]!.shape, t.inputs[1]!.shape);
const isSum = (t: Tensor): boolean => t.op.name === 'sum' && isMatrix(t.inputs[0]!);

/** Operations that can take this operand transposed at no cost. */
const acceptsTransposed = (user: Tensor, operand: Tensor): boolean =>
  isProduct(user) ||
  isSum(user) ||
  isEventLogProb(user) ||
  (user.op.pointwise === true && sameShape(user.shape, operand.shape));

/** Matrices that must lie alike because pointwise operations tie them together. */
function groupsOf(nodes: readonly Tensor[]): Map<Tensor, Tensor> {
  const parent = new Map<Tensor, Tensor>(nodes.filter(isMatrix).map((t) => [t, t]));
  const find = (t: Tensor): Tensor => {
    let root = t;
    while (parent.get(root)! !== root) root = parent.get(root)!;
    return root;
  };
  for (const node of nodes) {
    if (isEventLogProb(node)) parent.set(find(node.inputs[0]!), find(node.inputs[1]!));
    if (!isMatrix(node) || !node.op.pointwise) continue;
    for (const operand of node.inputs) {
      if (isMatrix(operand) && sameShape(operand.shape, node.shape)) parent.set(find(operand), find(node));
    }
  }
  return new Map([...parent.keys()].map((t) => [t, find(t)]));
}

/** Elements a product moves besides its arithmetic: its second operand is repacked, a transposed first one too. */
function productCost(node: Tensor, isTransposed: (t: Tensor) => boolean): number {
  const { transA, transB } = node.attrs as { transA: boolean; transB: boolean };
  const [a, b] = node.inputs as [Tensor, Tensor];
  const flipped = isTransposed(node);
  const [first, second] = flipped ? [b, a] : [a, b];
  const trans = (flipped ? !transB : transA) !== isTransposed(first);
  return elementCount(second) + (trans ? elementCount(first) : 0);
}

/** The groups to transpose: found by flipping one at a time while that moves fewer elements. */
function groupsWorthTransposing(nodes: readonly Tensor[], outputs: ReadonlySet<Tensor>): Set<Tensor> {
  const group = groupsOf(nodes);
  const products = nodes.filter(isProduct);
  // Matrices that are made or needed as they are: transposing their group means transposing them.
  const fixed = new Set<Tensor>([...group.keys()].filter((t) => outputs.has(t) || !(isProduct(t) || t.op.pointwise)));
  for (const node of nodes) {
    for (const operand of node.inputs) if (isMatrix(operand) && !acceptsTransposed(node, operand)) fixed.add(operand);
  }
  const flipped = new Set<Tensor>();
  const isTransposed = (t: Tensor): boolean => flipped.has(group.get(t)!);
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
    for (const product of touching.get(root) ?? []) cost += productCost(product, isTransposed);
    return cost;
  };
  const toggle = (root: Tensor): void => {
    if (!flipped.delete(root)) flipped.add(root);
  };
  for (let improved = true; improved; ) {
    improved = false;
    for (const root of touching.keys()) {
      const before = costOf(root);
      toggle(root);
      if (costOf(root) < before) improved = true;
      else toggle(root);
    }
  }
  return new Set([...group.keys()].filter(isTransposed));
}

function rewrite(nodes: readonly Tensor[], outputs: readonly Tensor[], transposed: ReadonlySet<Tensor>): Tensor[] {
  /** Nodes as they were, and the transposes of those that are kept transposed. */
  const plain = new Map<Tensor, Tensor>();
  const flipped = new Map<Tensor, Tensor>();
  const asPlain = (t: Tensor): Tensor => plain.get(t) ?? transpose(flipped.get(t)!);
  const asFlipped = (t: Tensor): Tensor => {
    const known = flipped.get(t);
    if (known) return known;
    const own = asPlain(t);
    if (own.rank === 0) return own;
    const [rows, columns] = own.rank === 1 ? [1, own.shape[0]!] : (own.shape as [number, number]);
    return rows === 1 || columns === 1 ? reshape(own, [columns, rows]) : transpose(own);
  };

  for (const node of nodes) {
    const { inputs, attrs, op } = node;
    if (transposed.has(node) && isProduct(node)) {
      const { transA, transB } = attrs as { transA: boolean; transB: boolean };
      const [a, b, bias] = inputs;
      const options = { transA: !transB, transB: !transA, ...(bias && { bias: asFlipped(bias) }) };
      flipped.set(node, matmul(asPlain(b!), asPlain(a!), options));
    } else if (transposed.has(node) && op.pointwise) {
      flipped.set(node, apply(op, inputs.map(asFlipped), attrs));
    } else if (transposed.has(node)) {
      flipped.set(node, transpose(apply(op, inputs.map(asPlain), attrs)));
    } else if (isSum(node) && transposed.has(inputs[0]!)) {
      plain.set(node, sum(flipped.get(inputs[0]!)!, { axes: (attrs as { axes: number[] }).axes.map((a) => 1 - a) }));
    } else if (isEventLogProb(node) && transposed.has(inputs[0]!)) {
      plain.set(node, apply(eventLogProbOp, inputs.map(asFlipped), { fromEnd: 2 }));
    } else {
      const now = inputs.map(asPlain);
      plain.set(node, now.every((t, i) => t === inputs[i]) ? node : apply(op, now, attrs));
    }
  }
  return outputs.map(asPlain);
}
