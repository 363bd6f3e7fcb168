import { activations, initializers } from 'reparam';
import { above } from './above.ts';
import { condition } from './condition.ts';
import { flow } from './flow.ts';
import { labels } from './labels.ts';
import { describe, names, object, oneOf, share, sizes, whole, yesNo } from './leaves.ts';
import { likelihood } from './likelihood.ts';
import { network } from './network.ts';
import { posterior } from './posterior.ts';
import { prior } from './prior.ts';

/** The model: sizes, networks and the families of its distributions. */
export const model = object({
  latentDim: describe(whole(1), 'latent dimensions'),
  hidden: describe(sizes(1), 'hidden layers of the encoder'),
  decoderHidden: describe(sizes(1).optional(), 'hidden layers of the decoder; default: the encoder’s in reverse'),
  encoderInput: describe(
    oneOf(['data', 'log1p']).default('data'),
    'what the encoder is given: the data, or log(1 + x) of them (for counts)',
  ),
  network: network.default({ kind: 'mlp' }),
  activation: describe(names(activations), 'activation of the hidden layers'),
  initializer: describe(names(initializers).optional(), 'starting weights; default: by activation'),
  layerNorm: describe(yesNo().default(false), 'normalise hidden layers'),
  dropout: describe(share().default(0), 'share of hidden activations dropped in training'),
  encoderDropout: describe(
    share().optional(),
    'that of the encoder, where it is another; of convolutions, the share of the features they hand on',
  ),
  posterior: posterior.default({ kind: 'diagonal' }),
  prior: prior.default({ kind: 'standard' }),
  upper: describe(
    object({
      latentDim: describe(whole(1), 'latent dimensions of the second stochastic layer'),
      hidden: describe(sizes(1), 'hidden layers of the networks between the two'),
    }).optional(),
    'a second stochastic layer above the first',
  ),
  condition: condition.default({ kind: 'none' }),
  likelihood,
  labels: describe(labels.optional(), 'labels predicted from the code; the label enters neither encoder nor decoder'),
  above: above.optional(),
  flow: describe(flow.optional(), 'a flow in the place of networks, posterior and likelihood'),
});
