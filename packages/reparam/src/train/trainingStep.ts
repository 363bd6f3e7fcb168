import {
  add,
  cast,
  compileStep,
  grad,
  type HostTensor,
  mapTree,
  mul,
  ReparamError,
  type Runtime,
  type Spec,
  type StepProgram,
  slice,
  spec,
  specsOf,
  type Tensor,
} from '@reparam/tensor';
import type { LatentModel } from '../models/index.ts';
import type { Objective } from '../objectives/index.ts';
import type { Optimizer } from '../optim/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';
import { type HostScalars, stepContexts } from './stepContext.ts';

/** Parameters and optimiser state, as they go round from step to step. */
export interface StepState {
  readonly params: HostParams;
  readonly optimizer: HostParams;
}

/** The batches of a call, stacked. */
export interface StepBatch {
  /** [steps, B, dataSize], bytes or float32. */
  readonly x: HostTensor;
  /** [steps, B]. */
  readonly weights: HostTensor;
}

/** A compiled step and the numbers the host computes for it. */
export interface TrainingStep {
  readonly program: StepProgram<StepState, StepBatch, Readonly<Record<string, HostTensor>>>;
  readonly scalars: HostScalars;
}

/** What a training step is made of. */
export interface TrainingStepOptions {
  readonly model: LatentModel;
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  readonly runtime: Runtime;
  readonly state: StepState;
  readonly batchSize: number;
  readonly dataSize: number;
  readonly dataType: 'uint8' | 'float32';
  /** Value in the model = stored value × scale. */
  readonly dataScale: number;
  /** Parts a batch is cut into, one after the other, to save memory; the step is the same. */
  readonly microBatches?: number;
}

/** Traces, differentiates and compiles one training step: loss, gradients and update of all parameters. */
export async function compileTrainingStep(options: TrainingStepOptions): Promise<TrainingStep> {
  const { model, objective, optimizer, runtime, state, batchSize, dataSize, dataType, dataScale } = options;
  const { microBatches = 1 } = options;
  if (!Number.isInteger(microBatches) || microBatches < 1 || batchSize % microBatches !== 0) {
    throw new ReparamError('config', 'micro-batches must divide the batch', {
      got: `${microBatches} for a batch of ${batchSize}`,
      expected: `a divisor of ${batchSize}`,
    });
  }
  if (microBatches > 1 && objective.needsWholeBatch) {
    throw new ReparamError('unsupported', 'this objective cannot be cut into micro-batches', {
      got: `${microBatches} micro-batches`,
      expected: 'an objective that is a sum over examples',
      fix: 'Leave microBatches out, or free bits',
    });
  }
  const scalars: HostScalars = new Map();
  const rows = batchSize / microBatches;

  const step = (
    current: SymbolicState,
    batch: { x: Tensor; weights: Tensor },
    trace: Parameters<typeof stepContexts>[0],
  ) => {
    const contexts = stepContexts(trace, microBatches, scalars);
    const part = (t: Tensor, i: number) => (microBatches === 1 ? t : slice(t, 0, i * rows, (i + 1) * rows));
    const results = contexts.map((context, i): Result => {
      const x = mul(cast(part(batch.x, i), 'float32'), dataScale);
      const weights = part(batch.weights, i);
      const { loss, terms } = objective.loss(model, current.params, { x, weights }, context);
      return { outputs: { loss, ...terms }, gradients: grad(loss, current.params) as SymbolicParams };
    });
    const [first, ...rest] = results as [Result, ...Result[]];
    const total = rest.reduce((sum, next) => addResults(sum, next), first);
    const scalar: Parameters<Optimizer['update']>[3]['scalar'] = (name, value) => {
      scalars.set(name, value);
      return trace.scalar(name);
    };
    const updated = optimizer.update(total.gradients, current.optimizer, current.params, { scalar });
    return { state: { params: updated.params, optimizer: updated.state }, outputs: total.outputs };
  };

  const specs = {
    state: specsOf(state) as unknown as { params: SpecTree; optimizer: SpecTree },
    batch: { x: spec([batchSize, dataSize], dataType), weights: spec([batchSize]) },
  };
  const program = await compileStep(step as never, specs, { runtime });
  return { program: program as unknown as TrainingStep['program'], scalars };
}

interface SymbolicState {
  readonly params: SymbolicParams;
  readonly optimizer: SymbolicParams;
}
interface SpecTree {
  readonly [name: string]: Spec | SpecTree;
}
interface Result {
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly gradients: SymbolicParams;
}

/** Losses and gradients of micro-batches add up: the row weights of the whole batch sum to 1. */
function addResults(a: Result, b: Result): Result {
  const sumTrees = <T>(x: T, y: unknown): T => {
    const other = new Map<string, Tensor>();
    mapTree<unknown, Tensor, Tensor>(y, (t, path) => {
      other.set(path, t);
      return t;
    });
    return mapTree<T, Tensor, Tensor>(x, (t, path) => add(t, other.get(path)!)) as T;
  };
  return { outputs: sumTrees(a.outputs, b.outputs), gradients: sumTrees(a.gradients, b.gradients) };
}
