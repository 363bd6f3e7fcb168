import type { Feeds, Graph, StepGraph } from '../graph.ts';
import type { HostTensor } from '../host.ts';

/** A graph made ready to run. */
export interface Executable {
  run(feeds: Feeds): Promise<Map<string, HostTensor>>;
  dispose(): Promise<void>;
}

/** What the steps of one call leave behind. */
export interface StepResult {
  readonly state: Map<string, HostTensor>;
  /** Outputs of every step, stacked along a new first axis. */
  readonly outputs: Map<string, HostTensor>;
}

/** A step made ready to run many times in one call. */
export interface StepExecutable {
  /** Runs `steps` steps from `state`; `inputs` are stacked along a first axis of that size. Leaves `state` as it is. */
  run(state: Feeds, shared: Feeds, inputs: Feeds, steps: number): Promise<StepResult>;
  dispose(): Promise<void>;
}

/** Something that executes graphs: ONNX Runtime in one of its forms, or the reference interpreter. */
export interface Runtime {
  /** For example `onnxruntime-node cpu`. */
  readonly name: string;
  /** Version of the library behind it. */
  readonly version: string;
  load(graph: Graph): Promise<Executable>;
  loadStep(step: StepGraph): Promise<StepExecutable>;
  /**
   * Opens runtimes of one thread each, as many as this one has threads, whose calls run at the same time: for work in
   * independent parts that are too small to be shared among threads. Absent where there is one thread, or no such thing.
   */
  lanes?(): Promise<Lanes>;
}

/** Runtimes side by side, until they are closed. */
export interface Lanes {
  readonly runtimes: readonly Runtime[];
  close(): Promise<void>;
}
