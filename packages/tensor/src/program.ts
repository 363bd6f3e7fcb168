import { ReparamError } from './errors.ts';
import { checkFeed, checkInputs, type Graph, inspect, type NamedTensor, type ProgramInfo } from './graph.ts';
import { type DType, type HostTensor, hostTensor, sizeOf } from './host.ts';
import type { ModelDescription, Target } from './onnx/emitter.ts';
import { lowerGraph } from './onnx/lower.ts';
import { input } from './primitives/source.ts';
import { fillNoise, type NoiseSource, type NoiseSpec } from './random/index.ts';
import type { Runtime } from './runtime/runtime.ts';
import type { Shape } from './shape.ts';
import { simplify } from './simplify.ts';
import type { Tensor } from './tensor.ts';
import { Trace } from './trace.ts';
import { flatten, type MapTree, mapTree, unflatten } from './tree.ts';

/** Element type and shape of an argument. */
export interface Spec {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** The spec of an argument of `shape` (float32 unless stated). */
export const spec = (shape: Shape, dtype: DType = 'float32'): Spec => ({ dtype, shape });

/** The specs of a tree of host tensors. */
export const specsOf = <T>(tree: T): MapTree<T, HostTensor, Spec> =>
  mapTree<T, HostTensor, Spec>(tree, ({ dtype, shape }) => ({ dtype, shape }));

/** Numbers for the inputs a trace declared. */
export interface RunOptions {
  /** Seeds the noise; needed when the program has noise inputs. */
  readonly noise?: NoiseSource;
  readonly scalars?: Readonly<Record<string, number>>;
}

/** A traced function, compiled for a runtime: arguments and results are trees of host tensors. */
export interface Program<In, Out> {
  /** Runs once. Throws `shape` when an argument does not fit its spec. */
  run(inputs: In, options?: RunOptions): Promise<Out>;
  readonly info: ProgramInfo;
  /** Names, kinds and shapes of the noise inputs. */
  readonly noise: readonly NoiseSpec[];
  /** The program as a serialised ONNX model; noise and scalars are ordinary inputs of it. */
  toOnnx(description?: ModelDescription): Uint8Array;
  dispose(): Promise<void>;
}

export interface TracedFunction<Out> extends Graph {
  readonly trace: Trace;
  readonly result: Out;
}

/** Traces `fn`: calls it once with symbolic inputs and collects the graph it builds. */
export function traceFunction<S, Out>(
  fn: (inputs: MapTree<S, Spec, Tensor>, trace: Trace) => Out,
  specs: S,
): TracedFunction<Out> {
  const trace = new Trace();
  const named: NamedTensor[] = [];
  const symbolic = mapTree<S, Spec, Tensor>(specs, ({ dtype, shape }, path) => {
    const tensor = input(path || 'input', shape, dtype);
    named.push({ name: path || 'input', tensor });
    return tensor;
  });
  const result = fn(symbolic, trace);
  const outputs = flatten<Tensor>(result).map(([path, tensor]) => ({ name: `out:${path}`, tensor }));
  const inputs = [...named, ...declaredInputs(trace)];
  checkInputs(
    outputs.map((o) => o.tensor),
    inputs.map((i) => i.tensor),
  );
  return { trace, result, inputs, outputs };
}

/** The inputs a trace declared, with their names. */
export const declaredInputs = (trace: Trace): NamedTensor[] => [
  ...trace.noiseInputs.map(({ spec: { site }, tensor }) => ({ name: `noise:${site}`, tensor })),
  ...trace.scalarInputs.map(({ name, tensor }) => ({ name: `scalar:${name}`, tensor })),
];

/** A traced function as a serialised ONNX model, without a runtime; outputs are named by their path. */
export function exportOnnx<S, Out>(
  fn: (inputs: MapTree<S, Spec, Tensor>, trace: Trace) => Out,
  specs: S,
  description?: ModelDescription,
  target: Target = 'export',
): Uint8Array {
  const graph = traceFunction(fn, specs);
  const outputs = graph.outputs.map(({ name, tensor }) => ({ name: name.replace(/^out:/, ''), tensor }));
  return lowerGraph({ inputs: graph.inputs, outputs }, target, description);
}

/** Traces `fn` for arguments of the given specs and makes it ready to run on `runtime`. */
export async function compile<S, Out>(
  fn: (inputs: MapTree<S, Spec, Tensor>, trace: Trace) => Out,
  specs: S,
  { runtime }: { runtime: Runtime },
): Promise<Program<MapTree<S, Spec, HostTensor>, MapTree<Out, Tensor, HostTensor>>> {
  const graph = traceFunction(fn, specs);
  const executable = await runtime.load(graph);
  const noise = graph.trace.noiseInputs.map((n) => n.spec);
  const specByPath = new Map(flatten<Spec>(specs).map(([path, s]) => [path || 'input', s]));
  return {
    async run(inputs, options = {}) {
      const feeds = new Map<string, HostTensor>();
      const given = new Map(flatten<HostTensor>(inputs).map(([p, v]) => [p || 'input', v]));
      const symbols = new Map<string, number>();
      for (const [path, s] of specByPath) {
        const value = given.get(path);
        checkFeed(path, s, value, symbols);
        feeds.set(path, value);
      }
      for (const s of noise) feeds.set(`noise:${s.site}`, drawNoise(s, options.noise));
      for (const { name } of graph.trace.scalarInputs) {
        feeds.set(`scalar:${name}`, hostTensor(Float32Array.of(needScalar(name, options.scalars)), []));
      }
      const results = await executable.run(feeds);
      const byPath = new Map([...results].map(([name, value]) => [name.replace(/^out:/, ''), value]));
      return unflatten<Out, Tensor, HostTensor>(graph.result, byPath);
    },
    info: inspect(simplify(graph.outputs.map((o) => o.tensor))),
    noise,
    toOnnx: (description) => lowerGraph(graph, 'export', description),
    dispose: () => executable.dispose(),
  };
}

function drawNoise(s: NoiseSpec, source: NoiseSource | undefined): HostTensor {
  const data = new Float32Array(sizeOf(s.shape));
  fillNoise(s, data, 0, needNoise(s.site, source));
  return hostTensor(data, s.shape);
}

export function needNoise<T>(site: string, source: T | undefined): T {
  if (source) return source;
  throw new ReparamError('config', `program draws noise at ${site}`, {
    expected: 'a seed, row ids and draw counts in the option `noise`',
  });
}

export function needScalar<T>(name: string, scalars: Readonly<Record<string, T>> | undefined): T {
  const value = scalars?.[name];
  if (value !== undefined) return value;
  throw new ReparamError('config', `no value for the scalar ${name}`, { expected: 'a number in the option `scalars`' });
}
