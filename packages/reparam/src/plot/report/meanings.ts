/** What the figures of a report mean: a term and its explanation. */
export const meanings: readonly (readonly [term: string, meaning: string])[] = [
  [
    'nats/example',
    'Natural logarithms, summed over all values of one example and averaged over the examples. One nat is 1.4427 bits.',
  ],
  [
    'ELBO',
    'The evidence lower bound: E over q(z|x) of log p(x|z), minus KL(q(z|x) ‖ p(z)). It is at most the log-likelihood; higher is better. It equals minus distortion minus rate, both with weight one, whatever weights the training objective used. Training values are means over the epoch while the weights were changing; validation values belong to the weights at its end.',
  ],
  [
    'Rate',
    'KL(q(z|x) ‖ p(z)): how far the posterior of an example is from the prior. Its mean is an upper bound on the information about the example that its code carries. A rate of 0 means that the code is ignored.',
  ],
  [
    'Distortion',
    'Minus the expected log p(x|z): how badly the decoder predicts the example from its code; lower is better. For binary data it is at least 0; for densities it may be negative.',
  ],
  [
    'Loss',
    'What training minimises: the objective above with its weights, schedules and terms of labels. It has a curve of its own where it is not minus the ELBO; training may then lower the ELBO.',
  ],
  [
    'Log-likelihood, k samples',
    'An importance-sampled estimate of log p(x): the logarithm of the mean of k weights p(x, z) / q(z|x). On average it lies between the ELBO and log p(x) and rises towards the latter with k, so compare figures with the same k only.',
  ],
  [
    'Standard error (±)',
    'The standard deviation over the test examples divided by the square root of their number. It says how exactly this model was measured; training again with another seed may change the figure by more.',
  ],
  [
    'Active units',
    'The number of latent dimensions whose posterior mean has a variance over the data above 0.01. The others carry almost nothing: their posterior is nearly the prior.',
  ],
  [
    'KL per latent dimension',
    'The share of each dimension in the rate, averaged over the test examples. For a posterior and a prior with independent dimensions the shares add up to the rate.',
  ],
  [
    'What is comparable',
    'Figures compare only for the same data, the same kind of values and the same likelihood. Binary data: dynamic binarisation (drawn anew at every presentation), static binarisation (drawn once) and a threshold give different figures. Bernoulli on grey values is a training loss, not the likelihood of any data. Densities of real values (Gaussian) may be positive and depend on how the values were scaled.',
  ],
];

/** The terms that only a model with a lower bound has. */
export const ofBounds: ReadonlySet<string> = new Set([
  'ELBO',
  'Rate',
  'Distortion',
  'Log-likelihood, k samples',
  'KL per latent dimension',
]);
