import {
  add,
  compileStep,
  grad,
  type HostTensor,
  mapTree,
  ReparamError,
  type Runtime,
  type Spec,
  type StepProgram,
  slice,
  spec,
  specsOf,
  type Tensor,
} from '@reparam/tensor';
import { type BatchBuffer, type Examples, exampleSpecs, exampleValues } from '../data/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { Objective } from '../objectives/index.ts';
import { declareScalars, type HostScalars, type Optimizer } from '../optim/index.ts';
import { type HostParams, type SymbolicParams, trainable, withTrainable } from '../params.ts';
import { stepContexts } from './stepContext.ts';

/** Parameters and optimiser state, as they go round from step to step. */
export interface StepState {
  readonly params: HostParams;
  readonly optimizer: HostParams;
}

/** The batches of a call, stacked. */
export interface StepBatch extends Examples<HostTensor> {
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
  /** How the batches lie in memory, and their size. */
  readonly buffer: BatchBuffer;
  /** Parts a batch is cut into, one after the other, to save memory; the step is the same. */
  readonly microBatches?: number;
  /** Examples in the whole training set; default: one batch is all of it. */
  readonly datasetSize?: number;
  /** Rows at the start of each batch whose targets the objective is given; default all. */
  readonly numLabelled?: number;
}

/** Traces, differentiates and compiles one training step: loss, gradients and update of all parameters. */
export async function compileTrainingStep(options: TrainingStepOptions): Promise<TrainingStep> {
  const { model, objective, optimizer, runtime, state, buffer } = options;
  const { batchSize } = buffer;
  const { microBatches = 1, datasetSize = batchSize, numLabelled = batchSize } = options;
  if (!Number.isInteger(microBatches) || microBatches < 1 || batchSize % microBatches !== 0) {
    throw new ReparamError('config', 'micro-batches must divide the batch', {
      got: `${microBatches} for a batch of ${batchSize}`,
      expected: `a divisor of ${batchSize}`,
    });
  }
  if (microBatches > 1 && objective.needsWholeBatch) throw cannotCut(microBatches, `the objective ${objective.name}`);
  const scalars: HostScalars = new Map();
  const rows = batchSize / microBatches;

  const step = (
    current: SymbolicState,
    batch: Examples<Tensor> & { weights: Tensor },
    trace: Parameters<typeof stepContexts>[0],
  ) => {
    const part = (t: Tensor, i: number) => (microBatches === 1 ? t : slice(t, 0, i * rows, (i + 1) * rows));
    const updates = new Map<Tensor, Tensor>();
    const batches = Array.from({ length: microBatches }, (_, i) => ({
      ...exampleValues(mapTree(batch, (t: Tensor) => part(t, i)) as Examples<Tensor>, buffer),
      weights: part(batch.weights, i),
      update: (buffered: Tensor, next: Tensor) => {
        if (microBatches > 1) throw cannotCut(microBatches, 'batch normalisation');
        updates.set(buffered, next);
      },
    }));
    const contexts = stepContexts(trace, batches, scalars, datasetSize);
    const trained = trainable(current.params);
    const results = contexts.map((context, i): Result => {
      const { x, weights, targets: all } = batches[i]!;
      const targets = all && slice(all, 0, 0, numLabelled);
      const { loss, terms } = objective.loss(model, current.params, { x, weights, targets }, context);
      return { outputs: { loss, ...terms }, gradients: grad(loss, trained) as SymbolicParams };
    });
    const [first, ...rest] = results as [Result, ...Result[]];
    const total = rest.reduce((sum, next) => addResults(sum, next), first);
    const declared = declareScalars(trace, scalars);
    const updated = optimizer.update(total.gradients, current.optimizer, trained, declared);
    const params = withTrainable(current.params, updated.params, (buffered) => updates.get(buffered) ?? buffered);
    return { state: { params, optimizer: updated.state }, outputs: total.outputs };
  };

  const specs = {
    state: specsOf(state) as unknown as { params: SpecTree; optimizer: SpecTree },
    batch: { ...exampleSpecs(buffer, batchSize), weights: spec([batchSize]) },
  };
  const program = await compileStep(step as never, specs, { runtime });
  return { program: program as unknown as TrainingStep['program'], scalars };
}

const cannotCut = (microBatches: number, what: string) =>
  new ReparamError('unsupported', 'batches cannot be cut into micro-batches here', {
    got: `${microBatches} micro-batches, and ${what}, which needs the whole batch`,
    expected: 'a loss that is a sum over examples',
    fix: 'Leave microBatches out',
  });

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
