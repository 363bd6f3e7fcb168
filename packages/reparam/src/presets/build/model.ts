import { log1p, ReparamError } from '@reparam/tensor';
import type { AnyDataset } from '../../data/index.ts';
import { cvae, hierarchicalVae, type LatentModel, m2, vae } from '../../models/index.ts';
import { type Module, pointwise, sequential } from '../../nn/index.ts';
import type { ModelConfig } from '../config.ts';
import { conditionedShape } from './condition.ts';
import { buildFlowModel, completeFlow } from './flow.ts';
import { completeLabels, withLabels } from './labels.ts';
import { buildLikelihood } from './likelihood.ts';
import { buildNetworks, buildUpper, linearOptions } from './network.ts';
import { buildPosterior } from './posterior.ts';
import { buildPrior } from './prior.ts';
import { lowerConfig, stackOn } from './stacked.ts';

/** The model a configuration describes, for examples of `shape`. Throws `config` on values that have no meaning. */
export const buildModel = (config: ModelConfig, shape: readonly number[]): LatentModel =>
  withLabels(
    config.above ? stackOn(buildParts(lowerConfig(config), shape), config) : buildParts(config, shape),
    config.labels,
  );

/** `config` with what the data decides: the levels of the pixels a flow dequantises, the number of labels. */
export const completeModel = (config: ModelConfig, data: AnyDataset): ModelConfig => ({
  ...config,
  ...(config.flow && { flow: completeFlow(config.flow, data) }),
  ...(config.labels && { labels: completeLabels(config.labels, data) }),
});

function buildParts(config: ModelConfig, shape: readonly number[]): LatentModel {
  const { latentDim, upper } = config;
  const { dataShape, conditionSize } = conditionedShape(shape, config.condition);
  if (config.flow) return buildFlowModel(config.flow, dataShape, conditionSize);
  const layers = linearOptions(config);
  const networks = buildNetworks(config, dataShape);
  const likelihood = buildLikelihood(config.likelihood);
  const parts = {
    dataShape,
    latentDim,
    ...networks,
    encoder: withInput(config, networks.encoder),
    likelihood,
    posterior: buildPosterior(config.posterior, layers),
    prior: buildPrior(config.prior ?? { kind: 'standard' }, likelihood.support),
  };
  if (upper) {
    if (conditionSize !== undefined) throw refused('a condition with two stochastic layers', 'Leave one of them out');
    return hierarchicalVae({ ...parts, latentDims: [latentDim, upper.latentDim], upper: buildUpper(config, upper) });
  }
  if (conditionSize === undefined) return vae(parts);
  const encoderCondition = config.network?.kind === 'conv' ? 'output' : 'input';
  const { condition } = config;
  if (condition?.kind !== 'labels' || !condition.inferred) return cvae({ ...parts, conditionSize, encoderCondition });
  const classifierConfig = { ...config, encoderDropout: condition.dropout ?? config.encoderDropout };
  return m2({
    ...parts,
    encoderCondition,
    numClasses: conditionSize,
    classifier: withInput(config, buildNetworks(classifierConfig, dataShape).encoder),
    classifierOutput: layers,
    classPrior: typeof condition.prior === 'object' ? condition.prior : undefined,
  });
}

const refused = (what: string, fix: string) => new ReparamError('unsupported', `${what} is not offered`, { fix });

/** The encoder, fed with what `encoderInput` says; its output is the same. */
function withInput({ encoderInput = 'data', likelihood }: ModelConfig, encoder: Module): Module {
  if (encoderInput === 'data') return encoder;
  if (buildLikelihood(likelihood).support !== 'count') {
    throw new ReparamError('config', 'log1p as the encoder’s input is for counts', {
      got: `model.encoderInput = log1p with a ${likelihood.kind} likelihood`,
      expected: 'a poisson, negative-binomial or zero-inflated-negative-binomial likelihood',
      fix: 'Leave model.encoderInput out',
    });
  }
  return sequential([pointwise('log1p', (x) => log1p(x)), encoder]);
}
