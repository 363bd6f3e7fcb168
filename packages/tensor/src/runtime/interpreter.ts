import { ReparamError } from '../errors.ts';
import type { Feeds, Graph } from '../graph.ts';
import type { HostTensor } from '../host.ts';
import { inputOp } from '../primitives/source.ts';
import type { Dim } from '../shape.ts';
import { simplify } from '../simplify.ts';
import { isOp, type Tensor, topologicalOrder } from '../tensor.ts';
import type { Executable, Runtime } from './runtime.ts';
import { stepByStep } from './stepByStep.ts';

/** Values of `outputs` for the given inputs, in float64, by the primitives' own reference definitions. */
export function evaluate(outputs: readonly Tensor[], feeds: Feeds): HostTensor[] {
  const values = new Map<Tensor, HostTensor>();
  const symbols = new Map<string, number>();
  const order = topologicalOrder(outputs);
  for (const node of order) {
    if (!isOp(node, inputOp)) continue;
    const value = feeds.get(node.attrs.name);
    if (!value) throw new ReparamError('shape', `no value for input ${node.attrs.name}`);
    values.set(
      node,
      value.dtype === 'float32' ? { ...value, data: Float64Array.from(value.data as Float64Array) } : value,
    );
    node.shape.forEach((dim, i) => {
      if (typeof dim !== 'number') symbols.set(dim.symbol, value.shape[i]! / dim.factor);
    });
  }
  const size = (dim: Dim): number => (typeof dim === 'number' ? dim : symbols.get(dim.symbol)! * dim.factor);
  for (const node of order) {
    if (values.has(node)) continue;
    const inputs = node.inputs.map((t) => values.get(t)!);
    values.set(node, node.op.evaluate(inputs, node.attrs, node.shape.map(size)));
  }
  return outputs.map((t) => values.get(t)!);
}

const load = async (graph: Graph): Promise<Executable> => {
  const outputs = simplify(graph.outputs.map((o) => o.tensor));
  return {
    run: async (feeds) => new Map(evaluate(outputs, feeds).map((value, i) => [graph.outputs[i]!.name, value])),
    dispose: async () => {},
  };
};

/** The reference runtime: plain TypeScript in float64. Slow; the oracle for everything else. */
export const interpreter: Runtime = {
  name: 'interpreter float64',
  version: '1',
  load,
  loadStep: stepByStep(load),
};
