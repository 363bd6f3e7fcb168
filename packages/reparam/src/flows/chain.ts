import {
  add,
  constant,
  evaluate,
  foldIn,
  type HostTensor,
  hostTensor,
  type Key,
  mapTree,
  type Tensor,
} from '@reparam/tensor';
import { noiseContext } from '../context.ts';
import { branch, type HostParams, type SymbolicParams } from '../params.ts';
import type { Flow, FlowInit, Transformed } from './flow.ts';

/**
 * Flows one after the other, log-determinants added; parameters are named by position. Given rows, `init` puts them through the
 * flows before each one that starts from them. Its inverse exists where that of every part does.
 * @example chain([actNorm(), linearLu()])
 */
export function chain(flows: readonly Flow[]): Flow {
  const order = flows.map((flow, i) => ({ flow, name: String(i) }));
  const run = (
    parts: typeof order,
    apply: (flow: Flow) => Flow['forward'],
    ...[params, x, context, features]: Parameters<Flow['forward']>
  ): Transformed => {
    let value = x;
    let logDet: Tensor = constant(0);
    for (const { flow, name } of parts) {
      const next = apply(flow)(branch(params, name) ?? {}, value, context.child(name), features);
      value = next.value;
      logDet = add(logDet, next.logDet);
    }
    return { value, logDet };
  };
  const isInvertible = flows.every((flow) => flow.inverse);
  return {
    description: flows.map((flow) => flow.description).join(' → '),
    init: (key, dim, options = {}) => initChain(flows, key, dim, options),
    forward: (...args) => run(order, (flow) => flow.forward, ...args),
    ...(isInvertible && { inverse: (...args) => run([...order].reverse(), (flow) => flow.inverse!, ...args) }),
    parts: flows,
    startsFromRows: flows.some((flow) => flow.startsFromRows),
  };
}

function initChain(flows: readonly Flow[], key: Key, dim: number, { features, rows: first }: FlowInit): HostParams {
  const params: Record<string, HostParams> = {};
  let rows = features === undefined ? first : undefined;
  const last = flows.findLastIndex((flow) => flow.startsFromRows);
  flows.forEach((flow, i) => {
    const own = flow.init(foldIn(key, String(i)), dim, { features, rows });
    if (Object.keys(own).length > 0) params[i] = own;
    if (rows && i < last) rows = moveRows(flow, own, dim, rows);
  });
  return params;
}

/** Rows after a flow, computed in float64. */
function moveRows(flow: Flow, params: HostParams, dim: number, rows: Float64Array): Float64Array {
  const symbolic = mapTree<HostParams, HostTensor, Tensor>(params, (value) => constant(value)) as SymbolicParams;
  const context = noiseContext((site) => {
    throw new Error(`a flow draws no noise: ${site}`);
  });
  const { value } = flow.forward(symbolic, constant(hostTensor(rows, [rows.length / dim, dim])), context);
  const [moved] = evaluate([value], new Map());
  return Float64Array.from(moved!.data as Float64Array);
}
