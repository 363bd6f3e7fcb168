import {
  cast,
  compileStep,
  grad,
  type HostTensor,
  hostTensor,
  key,
  mul,
  ReparamError,
  type Runtime,
  type StepProgram,
  spec,
  specsOf,
  type Tensor,
  type Trace,
} from '@reparam/tensor';
import {
  type Binarization,
  batchBuffer,
  type Dataset,
  epochOrder,
  fillBatches,
  meanOf,
  widthOf,
} from '../../data/index.ts';
import {
  asSchedule,
  declareScalars,
  type HostScalars,
  type Optimizer,
  type Progress,
  type ScheduleLike,
  scalarValues,
  sgd,
} from '../../optim/index.ts';
import type { ParamTree, SymbolicParams } from '../../params.ts';
import { contrastiveDivergence } from './contrastiveDivergence.ts';
import { initRbm, type RbmParams } from './rbm.ts';

/** How an RBM is trained. */
export interface RbmOptions {
  readonly runtime: Runtime;
  readonly hidden: number;
  readonly epochs: number;
  /** Gibbs sweeps of a chain, k; default 1. */
  readonly sweeps?: number;
  readonly batchSize?: number;
  readonly optimizer?: Optimizer;
  readonly learningRate?: ScheduleLike;
  readonly seed?: number;
  readonly binarization?: Binarization;
  readonly signal?: AbortSignal;
  /** Continue from here instead of from fresh parameters. */
  readonly state?: RbmState;
}

/** Everything training needs to go on after an epoch: the same numbers come out as if it had never stopped. */
export interface RbmState {
  readonly params: RbmParams;
  readonly optimizer: ParamTree<HostTensor>;
  readonly epoch: number;
}

/** What an epoch yields. */
export interface RbmEpoch {
  /** 1 for the first. */
  readonly epoch: number;
  readonly step: number;
  /** Σ (v − p(v given h))² after one sweep, averaged over the examples. */
  readonly reconstructionError: number;
  /** Mean of F(v₀) − F(v_k): what the gradient is taken of, no measure of fit. */
  readonly loss: number;
  readonly learningRate: number;
  readonly seconds: number;
}

/** A training: iterate over it to train; between two epochs `state` is a checkpoint. */
export interface RbmTraining extends AsyncIterable<RbmEpoch> {
  readonly state: RbmState;
}

const stepsPerCall = 32;

/**
 * Trains a Bernoulli restricted Boltzmann machine by CD-k, one compiled step a batch, with the batches, bits and noise
 * that the seed fixes. Throws `diverged` when a parameter is no longer finite, `interrupted` when the signal aborts.
 *
 * @example for await (const epoch of fitRbm(data, { runtime, hidden: 20, epochs: 10 })) console.log(epoch.reconstructionError);
 */
export function fitRbm(data: Dataset, options: RbmOptions): RbmTraining {
  const { hidden, seed = 0, optimizer = sgd({ momentum: 0.5 }) } = options;
  const fresh = (): RbmState => {
    const params = initRbm(key(seed), widthOf(data), hidden, meanOf(data));
    return { params, optimizer: optimizer.init(params), epoch: 0 };
  };
  let state = options.state ?? fresh();
  return {
    get state() {
      return state;
    },
    async *[Symbol.asyncIterator]() {
      const trainer = await compileTrainer(data, state, { ...options, optimizer });
      try {
        while (state.epoch < options.epochs) {
          const { next, report } = await trainer.runEpoch(state);
          state = next;
          yield report;
        }
      } finally {
        await trainer.dispose();
      }
    },
  };
}

async function compileTrainer(data: Dataset, start: RbmState, options: RbmOptions & { optimizer: Optimizer }) {
  const { runtime, sweeps = 1, batchSize = 20, optimizer, seed = 0, binarization = 'none', epochs, signal } = options;
  if (!(Number.isInteger(sweeps) && sweeps > 0)) {
    throw new ReparamError('config', 'Gibbs sweeps', { got: `${sweeps}`, expected: 'a positive whole number' });
  }
  const learningRate = asSchedule(options.learningRate ?? 0.05);
  const width = widthOf(data);
  const stepsPerEpoch = Math.ceil(data.size / batchSize);
  const probe = batchBuffer(data, { steps: 1, batchSize: 1, binarization });
  const scalars: HostScalars = new Map();
  type State = Pick<RbmState, 'params' | 'optimizer'>;
  const step = (
    state: { params: SymbolicParams; optimizer: SymbolicParams },
    batch: { x: Tensor; weights: Tensor },
    trace: Trace,
  ) => {
    const v = mul(cast(batch.x, 'float32'), probe.scale);
    const draw = (site: string, shape: Tensor['shape']) => trace.noise(site, 'uniform', shape as readonly number[]);
    const terms = contrastiveDivergence(state.params, v, batch.weights, sweeps, draw);
    const gradients = grad(terms.loss, state.params) as SymbolicParams;
    const updated = optimizer.update(gradients, state.optimizer, state.params, declareScalars(trace, scalars));
    return { state: { params: updated.params, optimizer: updated.state }, outputs: terms };
  };
  const program = (await compileStep(
    step as never,
    {
      state: specsOf({ params: start.params, optimizer: start.optimizer }),
      batch: {
        x: spec([batchSize, width], probe.data instanceof Uint8Array ? 'uint8' : 'float32'),
        weights: spec([batchSize]),
      },
    },
    { runtime },
  )) as unknown as StepProgram<
    State,
    { x: HostTensor; weights: HostTensor },
    Record<'loss' | 'reconstructionError', HostTensor>
  >;

  return {
    async runEpoch({ epoch, ...begin }: RbmState): Promise<{ next: RbmState; report: RbmEpoch }> {
      const started = performance.now();
      const order = epochOrder(data.size, seed, epoch);
      let state: State = begin;
      const sums = { loss: 0, reconstructionError: 0 };
      const progress = (step: number): Progress => ({ step, stepsPerEpoch, totalSteps: epochs * stepsPerEpoch });
      for (let done = 0; done < stepsPerEpoch; done += stepsPerCall) {
        if (signal?.aborted) {
          throw new ReparamError('interrupted', 'training was interrupted', { got: `${epoch} epochs done` });
        }
        const steps = Math.min(stepsPerCall, stepsPerEpoch - done);
        const buffer = batchBuffer(data, { steps, batchSize, binarization });
        fillBatches(buffer, data, order, done * batchSize, { binarization, seed, draw: epoch });
        const at = (k: number) => progress(epoch * stepsPerEpoch + done + k);
        const values = scalarValues(scalars, steps, (k) => ({ learningRate: learningRate.at(at(k)), progress: at(k) }));
        const result = await program.run(
          state,
          {
            x: hostTensor(buffer.data, [steps, batchSize, width]),
            weights: hostTensor(buffer.weights, [steps, batchSize]),
          },
          steps,
          {
            noise: { seed, rows: buffer.rows, draws: new Int32Array(steps * batchSize).fill(epoch) },
            scalars: values,
          },
        );
        state = result.state;
        for (let k = 0; k < steps; k++) {
          const rows = Math.min(batchSize, data.size - (done + k) * batchSize);
          for (const name of ['loss', 'reconstructionError'] as const) {
            sums[name] += (Number(result.outputs[name].data[k]) * rows) / data.size;
          }
        }
        await new Promise((resolve) => setTimeout(resolve));
      }
      if (!Number.isFinite(sums.loss)) {
        throw new ReparamError('diverged', `training diverged in epoch ${epoch + 1}: loss is ${sums.loss}`, {
          fix: 'Lower the learning rate',
        });
      }
      const step = (epoch + 1) * stepsPerEpoch;
      return {
        next: { ...state, epoch: epoch + 1 },
        report: {
          epoch: epoch + 1,
          step,
          ...sums,
          learningRate: learningRate.at(progress(step - 1)),
          seconds: (performance.now() - started) / 1000,
        },
      };
    },
    dispose: () => program.dispose(),
  };
}
