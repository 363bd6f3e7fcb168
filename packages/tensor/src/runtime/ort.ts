import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-common';
import { ReparamError } from '../errors.ts';
import type { Feeds, Graph, StepGraph } from '../graph.ts';
import type { DType, HostData, HostTensor } from '../host.ts';
import type { Target } from '../onnx/emitter.ts';
import { lowerGraph, lowerStepLoop, stackedSuffix, stepCountInput } from '../onnx/lower.ts';
import { loadOnDevice } from './deviceState.ts';
import type { Executable, Runtime, StepExecutable } from './runtime.ts';
import { stepByStep } from './stepByStep.ts';

/** The part of `onnxruntime-node` and `onnxruntime-web` that we use; they agree on it. */
export interface OrtModule {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

export interface OrtOptions {
  readonly name: string;
  readonly version: string;
  readonly target: Target;
  readonly session: InferenceSession.SessionOptions;
  /** Whether the provider has a kernel for `Loop`. */
  readonly hasLoop: boolean;
  /** Whether results can stay on the device from one run to the next. */
  readonly keepsState?: boolean;
}

/** A runtime on top of an ONNX Runtime module. */
export function ortRuntime(ort: OrtModule, options: OrtOptions): Runtime {
  const open = async (model: Uint8Array, outputsOnDevice: readonly string[] = []): Promise<InferenceSession> => {
    const preferredOutputLocation = Object.fromEntries(outputsOnDevice.map((name) => [name, 'gpu-buffer' as const]));
    try {
      return await ort.InferenceSession.create(model, {
        ...options.session,
        ...(outputsOnDevice.length > 0 && { preferredOutputLocation }),
      });
    } catch (cause) {
      throw new ReparamError('runtime', `${options.name} refused the program`, {
        got: cause instanceof Error ? cause.message : String(cause),
        cause,
      });
    }
  };

  const toOrt = ({ dtype, shape, data }: HostTensor): OrtTensor =>
    new ort.Tensor(dtype as 'float32', toFloat32(dtype, data), shape);

  const call = async (session: InferenceSession, feeds: Feeds): Promise<Map<string, HostTensor>> => {
    const inputs: Record<string, OrtTensor> = {};
    for (const name of session.inputNames) inputs[name] = toOrt(feeds.get(name)!);
    const results = await session.run(inputs);
    return new Map(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
  };

  const load = async (graph: Graph): Promise<Executable> => {
    const session = await open(lowerGraph(graph, options.target));
    return { run: (feeds) => call(session, feeds), dispose: () => session.release() };
  };

  const loadLoop = async (step: StepGraph): Promise<StepExecutable> => {
    const session = await open(lowerStepLoop(step, options.target));
    return {
      async run(state, shared, inputs, steps) {
        const feeds = new Map<string, HostTensor>([...state, ...shared]);
        feeds.set(stepCountInput, { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(steps)) });
        for (const [name, tensor] of inputs) feeds.set(`${name}${stackedSuffix}`, tensor);
        const results = await call(session, feeds);
        return {
          state: new Map(step.state.map(({ name }) => [name, results.get(`${name}'`)!])),
          outputs: new Map(step.outputs.map(({ name }) => [name, results.get(`${name}${stackedSuffix}`)!])),
        };
      },
      dispose: () => session.release(),
    };
  };

  const loadKept = (step: StepGraph) => loadOnDevice({ open, toOrt, fromOrt, target: options.target }, step);

  return {
    name: options.name,
    version: options.version,
    load,
    loadStep: options.hasLoop ? loadLoop : options.keepsState ? loadKept : stepByStep(load),
  };
}

const toFloat32 = (dtype: DType, data: HostData): Float32Array =>
  (dtype === 'float32' && data instanceof Float64Array ? Float32Array.from(data) : data) as Float32Array;

const fromOrt = (tensor: OrtTensor): HostTensor => ({
  dtype: tensor.type as DType,
  shape: tensor.dims,
  data: tensor.data as HostData,
});
