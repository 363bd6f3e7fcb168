import {
  compile,
  type Float32Tensor,
  type HostTensor,
  type Program,
  ReparamError,
  spec,
  specsOf,
  type Tensor,
} from '@reparam/tensor';
import { traceContext } from '../context.ts';
import { branch, type HostParams, type SymbolicParams } from '../params.ts';
import type { Flow } from './flow.ts';
import { dimensionByDimension, type InvertOptions } from './sequential.ts';

export type { InvertOptions } from './sequential.ts';

/**
 * f⁻¹(z) for rows z [n, dim], float32. An autoregressive flow of D dimensions costs D passes of its net, other flows cost
 * one.
 */
export async function invertFlow(
  flow: Flow,
  params: HostParams,
  z: HostTensor,
  options: InvertOptions,
): Promise<Float32Tensor> {
  let value = z;
  const parts = flow.parts ?? [flow];
  for (let i = parts.length - 1; i >= 0; i--) {
    const part = parts[i]!;
    const own = flow.parts ? (branch(params, String(i)) ?? {}) : params;
    value = await invertPart(part, own, value, options);
  }
  return value as Float32Tensor;
}

async function invertPart(flow: Flow, params: HostParams, z: HostTensor, options: InvertOptions): Promise<HostTensor> {
  if (flow.parts) return invertFlow(flow, params, z, options);
  const { sequential, inverse } = flow;
  if (sequential) return dimensionByDimension(sequential, params, z, options);
  if (!inverse) {
    throw new ReparamError('unsupported', 'this flow has no inverse in closed form', { got: flow.description });
  }
  const program = (await compile(
    ((inputs: { params: SymbolicParams; z: Tensor }, trace: Parameters<typeof traceContext>[0]) => ({
      x: inverse(inputs.params, inputs.z, traceContext(trace, false)).value,
    })) as never,
    { params: specsOf(params), z: spec(z.shape) },
    { runtime: options.runtime },
  )) as unknown as Program<{ params: HostParams; z: HostTensor }, { x: HostTensor }>;
  return (await program.run({ params, z }).finally(() => program.dispose())).x;
}
