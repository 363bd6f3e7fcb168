import { type AnyDataset, type ConditionConfig, conditionExamples, type LatentModel } from 'reparam';

/**
 * The examples as `model` takes them. Where the class is a variable that the model tells itself, a set in which a label is
 * missing comes without conditions.
 */
export function conditioned<T extends AnyDataset>(data: T, model: LatentModel, condition?: ConditionConfig): T {
  const isTold = model.labels?.logPrior !== undefined;
  return isTold && !data.labels?.every((label) => label >= 0) ? data : conditionExamples(data, condition);
}
