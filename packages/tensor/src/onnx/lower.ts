import type { Graph, NamedTensor, StepGraph } from '../graph.ts';
import { inputOp } from '../primitives/source.ts';
import { simplify } from '../simplify.ts';
import { isOp, type Tensor, topologicalOrder } from '../tensor.ts';
import { Emitter, type ModelDescription, serializeModel, type Target, valueInfo } from './emitter.ts';
import { chooseLayout } from './layout.ts';
import type { GraphProto } from './onnx_pb.ts';

/** The graph as it will run on `target`. */
function prepare(outputs: readonly Tensor[], target: Target): Tensor[] {
  const simple = simplify(outputs);
  return target === 'cpu' ? chooseLayout(simple) : simple;
}

/** Emits every node under `outputs`; returns the ONNX name of each tensor. */
function lowerNodes(emit: Emitter, outputs: readonly Tensor[], inputNames: ReadonlyMap<string, string>) {
  const names = new Map<Tensor, string>();
  for (const node of topologicalOrder(outputs)) {
    const name = isOp(node, inputOp)
      ? inputNames.get(node.attrs.name)!
      : node.op.lower(
          emit,
          node.inputs.map((t) => names.get(t)!),
          node,
        );
    names.set(node, name);
  }
  return names;
}

/** Gives tensors output names of their own. */
function emitOutputs(
  emit: Emitter,
  names: Map<Tensor, string>,
  tensors: readonly Tensor[],
  outputs: readonly string[],
): void {
  tensors.forEach((tensor, i) => {
    const name = names.get(tensor)!;
    const output = outputs[i]!;
    if (emit.output(name, output)) {
      for (const [other, known] of names) if (known === name) names.set(other, output);
    }
  });
}

const infoOf = ({ name, tensor }: NamedTensor) => valueInfo(name, tensor.dtype, tensor.shape);

/** Lowers a graph to a serialised ONNX model whose inputs and outputs carry the graph's names. */
export function lowerGraph(graph: Graph, target: Target, description?: ModelDescription): Uint8Array {
  const emit = new Emitter(target);
  for (const { name, tensor } of graph.inputs) emit.declareSymbols(name, tensor.shape);
  const tensors = prepare(
    graph.outputs.map((o) => o.tensor),
    target,
  );
  const names = lowerNodes(emit, tensors, new Map(graph.inputs.map(({ name }) => [name, name])));
  emitOutputs(
    emit,
    names,
    tensors,
    graph.outputs.map((o) => o.name),
  );
  const proto = emit.graph('program', graph.inputs.map(infoOf), graph.outputs.map(infoOf));
  return serializeModel(proto, description);
}

export const stepCountInput = 'steps';
export const stackedSuffix = '[steps]';

/**
 * Lowers a step to one ONNX `Loop` that runs it as often as the int64 scalar input `steps` says: inputs come stacked
 * along a new first axis under `<name>[steps]`, outputs leave stacked, state goes round inside, shared inputs are seen by
 * every step.
 */
export function lowerStepLoop(step: StepGraph, target: Target): Uint8Array {
  const main = new Emitter(target);
  const stackedShape = (t: Tensor) => [{ symbol: stepCountInput, factor: 1 }, ...t.shape];
  const body = lowerLoopBody(step, target);
  const stateOut = step.state.map(({ name }) => `${name}'`);
  const stacked = step.outputs.map(({ name }) => `${name}${stackedSuffix}`);
  const stateIn = step.state.map(({ name }) => name);
  main.nodes('Loop', [stepCountInput, '', ...stateIn], [...stateOut, ...stacked], { body });
  const inputs = [
    valueInfo(stepCountInput, 'int64', []),
    ...step.state.map(({ name, input }) => infoOf({ name, tensor: input })),
    ...step.shared.map(infoOf),
    ...step.inputs.map(({ name, tensor }) => valueInfo(`${name}${stackedSuffix}`, tensor.dtype, stackedShape(tensor))),
  ];
  const outputs = [
    ...step.state.map(({ output }, i) => infoOf({ name: stateOut[i]!, tensor: output })),
    ...step.outputs.map(({ tensor }, i) => valueInfo(stacked[i]!, tensor.dtype, stackedShape(tensor))),
  ];
  return serializeModel(main.graph('steps', inputs, outputs));
}

function lowerLoopBody(step: StepGraph, target: Target): GraphProto {
  const emit = new Emitter(target, 'body/');
  const results = [...step.state.map((s) => s.output), ...step.outputs.map((o) => o.tensor)];
  const tensors = prepare(results, target);
  const used = new Set(topologicalOrder(tensors).flatMap((t) => (isOp(t, inputOp) ? [t.attrs.name] : [])));
  const inputNames = new Map(step.state.map(({ name }) => [name, `body/${name}`]));
  for (const { name } of step.shared) inputNames.set(name, name);
  for (const { name } of step.inputs) {
    // The body sees the stacked inputs of the outer graph and takes its own row of each.
    if (used.has(name))
      inputNames.set(name, emit.node('Gather', [`${name}${stackedSuffix}`, 'body/step'], { axis: 0 }));
  }
  const names = lowerNodes(emit, tensors, inputNames);
  const outNames = [
    ...step.state.map(({ name }) => `body/${name}'`),
    ...step.outputs.map(({ name }) => `body/${name}`),
  ];
  emitOutputs(emit, names, tensors, outNames);
  emit.node('Identity', ['body/go'], {}, { output: 'body/go on' });
  const inputs = [
    valueInfo('body/step', 'int64', []),
    valueInfo('body/go', 'bool', []),
    ...step.state.map(({ name, input }) => infoOf({ name: `body/${name}`, tensor: input })),
  ];
  const outputs = [
    valueInfo('body/go on', 'bool', []),
    ...results.map((tensor, i) => infoOf({ name: outNames[i]!, tensor })),
  ];
  return emit.graph('body', inputs, outputs);
}

/** Lowers one step as a plain graph: state inputs `<name>`, state outputs `<name>'`, then the outputs. */
export const lowerSingleStep = (step: StepGraph, target: Target): Uint8Array => lowerGraph(singleStep(step), target);

/** A step as an ordinary graph whose state outputs are called `<name>'`. */
export const singleStep = (step: StepGraph): Graph => ({
  inputs: [...step.state.map(({ name, input }) => ({ name, tensor: input })), ...step.shared, ...step.inputs],
  outputs: [...step.state.map(({ name, output }) => ({ name: `${name}'`, tensor: output })), ...step.outputs],
});
