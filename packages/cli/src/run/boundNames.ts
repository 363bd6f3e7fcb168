import type { Bound, LatentModel, Objective } from 'reparam';

/** What the figure of a model is called in a line: an ELBO only where it is a lower bound. */
export const boundNames: Readonly<Record<Bound, string>> = {
  lower: 'ELBO',
  exact: 'log p(x)',
  none: 'log p(x|z)',
};

/** What is maximised, and p(x|z): the ELBO of a flow is its log-likelihood, an autoencoder has none. */
export function describeObjective(model: LatentModel, { name, description }: Objective): string {
  const { likelihood } = model.describe();
  if (model.bound === 'exact' && name === 'elbo' && description.startsWith('E_q log p(x|z) − KL(')) {
    return `log p(x), exact: the ELBO of a flow. p(x|z): ${likelihood}`;
  }
  const what = model.bound === 'none' && name === 'reconstruction' ? 'log p(x|z) at the code z of x' : description;
  // A class that the model tells itself is summed out.
  const isConditional = model.conditionSize !== undefined && !model.labels?.logPrior;
  return `${what}. ${isConditional ? 'p(x|z, c)' : 'p(x|z)'}: ${likelihood}${isConditional ? '. All figures are of x given the condition c' : ''}`;
}
