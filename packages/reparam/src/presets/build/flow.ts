import { sizeOf } from '@reparam/tensor';
import { type AnyDataset, valueKind } from '../../data/index.ts';
import {
  actNorm,
  chain,
  coupling,
  type Flow,
  inverseAutoregressive,
  linearLu,
  linearQr,
  maskedAutoregressive,
  permute,
  planar,
  radial,
} from '../../flows/index.ts';
import { dequantizedLogits, flowModel, flowVae, type LatentModel, made } from '../../models/index.ts';
import type { FlowConfig, FlowModelConfig } from '../config.ts';

/** The layers a configuration describes, each followed by one that looks at the dimensions the other way. */
export function buildFlow(config: FlowConfig): Flow {
  const { layers, length = 2, hidden = [64], activation, logScaleBound } = config;
  const net = { hidden, ...(activation && { activation }) };
  const repeat = (make: (isOdd: boolean, i: number) => Flow) =>
    chain(Array.from({ length }, (_, i) => make(i % 2 === 1, i)));
  const order = (isOdd: boolean) => (isOdd ? 'reversed' : 'natural');
  switch (layers) {
    case 'planar':
      return repeat(planar);
    case 'radial':
      return repeat(radial);
    case 'coupling':
      return repeat((isOdd) => coupling({ ...net, logScaleBound, keep: isOdd ? 'second' : 'first' }));
    case 'autoregressive':
      return repeat((isOdd) => maskedAutoregressive({ ...net, logScaleBound, order: order(isOdd) }));
    case 'inverse-autoregressive':
      return repeat((isOdd) => inverseAutoregressive({ ...net, order: order(isOdd) }));
    case 'linear-lu':
      return repeat((_, seed) => linearLu({ seed }));
    case 'linear-qr':
      return repeat(() => linearQr());
  }
}

/** The flow (or masked autoregressive model of bits) a configuration describes as a whole model. */
export function buildFlowModel(
  config: FlowModelConfig,
  dataShape: readonly number[],
  conditionSize: number | undefined,
): LatentModel {
  if (config.layers === 'bits') {
    const { hidden = [500], activation } = config;
    return made({ dataShape, hidden, ...(activation && { activation }) });
  }
  const { levels = 0, alpha, scale, ...layers } = config;
  // Halves that are every other value, so that each sees the neighbours of the other.
  const spread = layers.layers === 'coupling' && sizeOf(dataShape) > 2 ? [permute('parity')] : [];
  const flow = chain([actNorm(), ...spread, buildFlow(layers as FlowConfig)]);
  if (scale !== undefined) return flowVae({ dataShape, flow, scale });
  return flowModel({
    dataShape,
    flow,
    conditionSize,
    ...(levels > 0 && { treatment: dequantizedLogits({ levels, ...(alpha !== undefined && { alpha }) }) }),
  });
}

/** `config` with what it leaves to the data: the levels of the pixels a flow dequantises. */
export function completeFlow(config: FlowModelConfig, data: AnyDataset): FlowModelConfig {
  if (config.layers === 'bits' || config.levels !== undefined || config.scale !== undefined) return config;
  const isPixels = data.dtype === 'uint8' && valueKind(data) !== 'real';
  return { ...config, levels: isPixels ? Math.round(1 / data.scale) + 1 : 0 };
}
