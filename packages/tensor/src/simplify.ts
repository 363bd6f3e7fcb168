import { constant, constantOp, sourceKey } from './primitives/source.ts';
import { isStatic } from './shape.ts';
import { apply, elementCount, isOp, type Tensor, topologicalOrder } from './tensor.ts';

/** The value of an operation on constants, in float64; undefined where it has none yet or would grow the model. */
function fold(node: Tensor): Tensor | undefined {
  const { inputs, shape, op, attrs } = node;
  const values = inputs.flatMap((t) => (isOp(t, constantOp) ? [t.attrs.value] : []));
  if (inputs.length === 0 || values.length < inputs.length || !isStatic(shape)) return undefined;
  if (elementCount(node) > Math.max(...inputs.map(elementCount))) return undefined;
  const exact = inputs.map((t, i) => constantOp.evaluate([], { value: values[i]! }, t.shape as number[]));
  return constant(op.evaluate(exact, attrs, shape));
}

/**
 * Rewrites the graph under `outputs`: equal expressions become one, operations on constants become constants, rules
 * of the primitives apply, and what no output needs is left behind. Floating-point operations are never
 * reassociated, so finite results keep every bit (but for the sign of a zero: x + 0 is x).
 */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  const canonical = new Map<string, Tensor>();
  const done = new Map<Tensor, Tensor>();

  const intern = (node: Tensor): Tensor => {
    const key = sourceKey(node) ?? `${JSON.stringify(node.attrs)}(${node.inputs.map((t) => t.id).join()})`;
    const full = `${node.op.name}${key}`;
    const known = canonical.get(full);
    if (known) return known;
    canonical.set(full, node);
    return node;
  };

  const visit = (node: Tensor): Tensor => {
    const known = done.get(node);
    if (known) return known;
    const inputs = node.inputs.map(visit);
    const same = inputs.every((t, i) => t === node.inputs[i]);
    const rebuilt = same ? node : apply(node.op, inputs, node.attrs);
    const simpler = rebuilt.op.simplify?.(rebuilt) ?? fold(rebuilt);
    // What a rule returns may itself be open to rules.
    const result = simpler && simpler !== rebuilt ? visit(simpler) : intern(rebuilt);
    done.set(node, result);
    done.set(rebuilt, result);
    return result;
  };

  // Inputs before users, so that the recursion in `visit` stays shallow however deep the graph is.
  for (const node of topologicalOrder(outputs)) visit(node);
  return outputs.map(visit);
}
