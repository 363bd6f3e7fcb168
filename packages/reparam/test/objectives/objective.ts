import {
  broadcastTo,
  compile,
  constant,
  grad,
  type HostTensor,
  interpreter,
  type Runtime,
  spec,
  specsOf,
  type Tensor,
  type Trace,
} from '@reparam/tensor';
import { type HostParams, type LatentModel, type Objective, type SymbolicParams, traceContext } from 'reparam';
import { numbers } from '../support.ts';

export interface Draws {
  /** Every term's contribution of each row, [rows]. */
  readonly [term: string]: number[];
}

/**
 * An objective on `rows` copies of each example, each with noise of its own: what each row adds to the loss and to every
 * term. Both are sums of weight × value over rows, so the value is the derivative with respect to the weight.
 */
export async function drawObjective(
  objective: Objective,
  model: LatentModel,
  params: HostParams,
  x: HostTensor,
  rows: number,
  { runtime = interpreter, seed = 1, condition }: { runtime?: Runtime; seed?: number; condition?: HostTensor } = {},
): Promise<Draws> {
  const [examples, width] = x.shape as [number, number];
  const size = examples * rows;
  const program = await compile(
    (inputs: { params: SymbolicParams; x: Tensor; weights: Tensor }, trace: Trace) => {
      const given = condition && { condition: constant(repeated(condition, rows)) };
      const context = { ...traceContext(trace, true, given), datasetSize: size, schedule: () => constant(1) };
      const { loss, terms } = objective.loss(model, inputs.params, { x: inputs.x, weights: inputs.weights }, context);
      const each = Object.entries({ loss, ...terms }).map(([name, value]) => [
        name,
        broadcastTo(grad(value, inputs.weights), [size]),
      ]);
      return Object.fromEntries(each) as Record<string, Tensor>;
    },
    { params: specsOf(params), x: spec([size, width]), weights: spec([size]) } as never,
    { runtime },
  );
  const weights = new Float64Array(size).fill(1 / size);
  const inputs = {
    params,
    x: repeated(x, rows),
    weights: { dtype: 'float32', shape: [size], data: weights },
  };
  const order = Int32Array.from({ length: size }, (_, i) => i);
  const results = (await program.run(inputs as never, { noise: { seed, rows: order, draws: 0 } })) as Record<
    string,
    HostTensor
  >;
  await program.dispose();
  return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, numbers(value)]));
}

/** `times` copies of a matrix, one below the other. */
const repeated = ({ shape, data }: HostTensor, times: number): HostTensor => ({
  dtype: 'float32',
  shape: [shape[0]! * times, shape[1]!],
  data: Float64Array.from({ length: data.length * times }, (_, i) => Number(data[i % data.length])),
});
