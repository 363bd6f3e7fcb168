import { ReparamError } from './errors.ts';
import { checkFeed, checkInputs, inspect, type ProgramInfo } from './graph.ts';
import { type HostTensor, hostTensor, sizeOf } from './host.ts';
import { lowerSingleStep } from './onnx/lower.ts';
import { input } from './primitives/source.ts';
import { declaredInputs, needNoise, needScalar, type Spec } from './program.ts';
import { fillNoise } from './random/index.ts';
import type { Runtime } from './runtime/runtime.ts';
import { formatShape, sameShape } from './shape.ts';
import { simplify } from './simplify.ts';
import type { Tensor } from './tensor.ts';
import { Trace } from './trace.ts';
import { flatten, type MapTree, mapTree, unflatten } from './tree.ts';

/** What the noise and scalars of K steps are made of. */
export interface StepsOptions<Shared = unknown> {
  /** Values of the shared inputs. */
  readonly shared?: Shared;
  readonly noise?: {
    readonly seed: number | bigint;
    /** Row ids of all K batches, one after the other. */
    readonly rows: Int32Array;
    /** How often each of these rows was presented before. */
    readonly draws: Int32Array;
  };
  /** K numbers for each scalar. */
  readonly scalars?: Readonly<Record<string, ArrayLike<number>>>;
}

/** One step of an iteration, compiled for a runtime: state goes in and comes out, many steps a call. */
export interface StepProgram<State, Batch, Outputs, Shared = unknown> {
  /** Runs `steps` steps: `batches` are stacked along a first axis of that size, and so are the outputs. */
  run(
    state: State,
    batches: Batch,
    steps: number,
    options?: StepsOptions<Shared>,
  ): Promise<{ state: State; outputs: Outputs }>;
  /** Of one step. */
  readonly info: ProgramInfo;
  /** One step as a serialised ONNX model. */
  toOnnx(): Uint8Array;
  dispose(): Promise<void>;
}

/**
 * Traces one step of an iteration, `(state, batch, trace, shared) → {state, outputs}`, and makes it ready to run many times a call,
 * so that state crosses the runtime's boundary rarely.
 */
export async function compileStep<S, B, Out, Sh = Record<string, never>>(
  fn: (
    state: MapTree<S, Spec, Tensor>,
    batch: MapTree<B, Spec, Tensor>,
    trace: Trace,
    shared: MapTree<Sh, Spec, Tensor>,
  ) => { state: MapTree<S, Spec, Tensor>; outputs: Out },
  specs: { state: S; batch: B; shared?: Sh },
  { runtime }: { runtime: Runtime },
): Promise<
  StepProgram<
    MapTree<S, Spec, HostTensor>,
    MapTree<B, Spec, HostTensor>,
    MapTree<Out, Tensor, HostTensor>,
    MapTree<Sh, Spec, HostTensor>
  >
> {
  const trace = new Trace();
  const symbolic = <T>(tree: T, prefix: string) =>
    mapTree<T, Spec, Tensor>(tree, ({ dtype, shape }, path) => input(`${prefix}${path}`, shape, dtype));
  const stateIn = symbolic(specs.state, 'state:');
  const batch = symbolic(specs.batch, 'batch:');
  const sharedIn = symbolic((specs.shared ?? {}) as Sh, 'shared:');
  const result = fn(stateIn, batch, trace, sharedIn);

  const stateOut = new Map(flatten<Tensor>(result.state));
  const state = flatten<Tensor>(stateIn).map(([path, tensor]) => ({
    name: `state:${path}`,
    input: tensor,
    output: nextState(path, tensor, stateOut.get(path)),
  }));
  const named = (tree: unknown, prefix: string) =>
    flatten<Tensor>(tree).map(([path, tensor]) => ({ name: `${prefix}${path}`, tensor }));
  const batchInputs = named(batch, 'batch:');
  const shared = named(sharedIn, 'shared:');
  const inputs = [...batchInputs, ...declaredInputs(trace)];
  const outputs = named(result.outputs, 'out:');
  const results = [...state.map((s) => s.output), ...outputs.map((o) => o.tensor)];
  checkInputs(results, [...state.map((s) => s.input), ...shared.map((i) => i.tensor), ...inputs.map((i) => i.tensor)]);

  const graph = { state, shared, inputs, outputs };
  const executable = await runtime.loadStep(graph);
  const buffers = new Map<string, Float32Array>();
  const buffer = (name: string, size: number): Float32Array => {
    const known = buffers.get(name);
    if (known && known.length >= size) return known.subarray(0, size);
    const made = new Float32Array(size);
    buffers.set(name, made);
    return made;
  };

  return {
    async run(current, batches, steps, options = {}) {
      const stateFeeds = new Map(flatten<HostTensor>(current).map(([path, value]) => [`state:${path}`, value]));
      for (const s of state) checkFeed(s.name, s.input, stateFeeds.get(s.name), new Map());
      const sharedFeeds = new Map(flatten<HostTensor>(options.shared ?? {}).map(([p, v]) => [`shared:${p}`, v]));
      for (const { name, tensor } of shared) checkFeed(name, tensor, sharedFeeds.get(name), new Map());
      const feeds = new Map<string, HostTensor>();
      const given = new Map(flatten<HostTensor>(batches));
      for (const { name, tensor } of batchInputs) {
        const value = given.get(name.slice('batch:'.length));
        checkFeed(name, { dtype: tensor.dtype, shape: [steps, ...tensor.shape] }, value, new Map());
        feeds.set(name, value);
      }
      for (const { spec } of trace.noiseInputs) {
        const { seed, rows, draws } = needNoise(spec.site, options.noise);
        const size = sizeOf(spec.shape);
        const perStep = spec.shape[spec.rowAxis]!;
        const data = buffer(spec.site, size * steps);
        for (let k = 0; k < steps; k++) {
          fillNoise(spec, data, k * size, { seed, rows, draws, rowsOffset: k * perStep });
        }
        feeds.set(`noise:${spec.site}`, hostTensor(data, [steps, ...spec.shape]));
      }
      for (const { name } of trace.scalarInputs) {
        const values = Float32Array.from(needScalar(name, options.scalars));
        feeds.set(`scalar:${name}`, hostTensor(values, [steps]));
      }
      const { state: next, outputs: stacked } = await executable.run(stateFeeds, sharedFeeds, feeds, steps);
      const byPath = (results: Map<string, HostTensor>, prefix: string) =>
        new Map([...results].map(([name, value]) => [name.slice(prefix.length), value]));
      return {
        state: unflatten<S, Spec, HostTensor>(specs.state, byPath(next, 'state:')),
        outputs: unflatten<Out, Tensor, HostTensor>(result.outputs, byPath(stacked, 'out:')),
      };
    },
    info: inspect(simplify(results)),
    toOnnx: () => lowerSingleStep(graph, 'export'),
    dispose: () => executable.dispose(),
  };
}

/** The next value of a piece of state, which must be there and of the same type and shape. */
function nextState(path: string, before: Tensor, after: Tensor | undefined): Tensor {
  if (after?.dtype === before.dtype && sameShape(after.shape, before.shape)) return after;
  throw new ReparamError('shape', 'step does not return its state as it got it', {
    at: path,
    got: after ? `${after.dtype} ${formatShape(after.shape)}` : 'nothing',
    expected: `${before.dtype} ${formatShape(before.shape)}`,
  });
}
