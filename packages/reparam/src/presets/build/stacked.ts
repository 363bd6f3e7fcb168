import { ReparamError } from '@reparam/tensor';
import { type LatentModel, linearOutput, m2, stacked } from '../../models/index.ts';
import { mlp } from '../../nn/index.ts';
import type { ModelConfig, RecipeConfig } from '../config.ts';
import { linearOptions } from './network.ts';

/** `config` without the model of its codes: what is trained first. */
export const lowerConfig = ({ above: _, condition: __, ...model }: ModelConfig): ModelConfig => model;

/** M2 on the codes of `lower`, as `config.above` describes it. Throws `config` unless the class is inferred. */
export function stackOn(lower: LatentModel, config: ModelConfig): LatentModel {
  const { above, condition, activation } = config;
  if (!above || condition?.kind !== 'labels' || !condition.inferred || condition.numClasses === undefined) {
    throw new ReparamError('config', 'a model of codes is M2', {
      got: `model.condition.kind = ${condition?.kind ?? 'none'}`,
      expected: 'model.condition = {"kind": "labels", "inferred": true}',
    });
  }
  const { numClasses, prior, dropout = 0 } = condition;
  const layers = linearOptions(config);
  const net = { activation, ...layers };
  const classPrior = typeof prior === 'object' ? prior : undefined;
  return stacked({
    lower,
    upper: (dataShape, likelihood) =>
      m2({
        dataShape,
        likelihood,
        latentDim: above.latentDim,
        encoder: mlp(above.hidden, net),
        decoder: mlp([...above.hidden].reverse(), net),
        classifier: mlp(above.hidden, { ...net, dropout }),
        classifierOutput: layers,
        outputLayer: linearOutput(layers),
        numClasses,
        classPrior,
      }),
  });
}

/** How the lower model of a recipe with two stages is trained: its ELBO, for `model.above.pretraining`. */
export function lowerRecipe(config: RecipeConfig): RecipeConfig | undefined {
  const { above } = config.model;
  if (!above) return undefined;
  const { learningRate, ...length } = above.pretraining;
  const { labelledBatchSize: _, from: __, earlyStopping: ___, ...training } = config.training;
  return {
    model: lowerConfig(config.model),
    objective: { kind: 'elbo', kl: 'analytic', numSamples: 1, beta: 1, freeBits: 0 },
    optimizer: { kind: 'adam', learningRate },
    training: { ...training, ...length },
    binarization: config.binarization,
  };
}
