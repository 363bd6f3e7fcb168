import { nearest, ReparamError } from '@reparam/tensor';
import type { FlowModelConfig, ModelConfig, ObjectiveConfig, RecipeConfig, TrainingConfig } from './config.ts';
import { densityPresets } from './program/densityPresets.ts';

/** A named recipe with the publication or program its settings come from. */
export interface Preset {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly reference: string;
  readonly recipe: RecipeConfig;
}

const tanhModel: ModelConfig = {
  latentDim: 50,
  hidden: [200, 200],
  activation: 'tanh',
  layerNorm: false,
  dropout: 0,
  posterior: { kind: 'diagonal' },
  likelihood: { kind: 'bernoulli' },
};

const plainElbo = { kind: 'elbo', kl: 'analytic', numSamples: 1, beta: 1, freeBits: 0 } as const;
const training: TrainingConfig = { epochs: 25, batchSize: 128, microBatches: 1, seed: 0 };
const adamCosine = { kind: 'adam', learningRate: { schedule: 'cosine', value: 2e-3 } } as const;

const linearRecipe: RecipeConfig = {
  model: {
    ...tanhModel,
    latentDim: 20,
    hidden: [],
    posterior: { kind: 'shared-variance' },
    likelihood: { kind: 'gaussian', scale: 'shared' },
  },
  objective: plainElbo,
  optimizer: adamCosine,
  training: { ...training, epochs: 1 },
};

/** A flow as the whole model, on pixels as real numbers. */
const flowRecipe = (flow: FlowModelConfig, learningRate: number): RecipeConfig => ({
  model: { ...tanhModel, likelihood: { kind: 'gaussian', scale: 'shared' }, flow },
  objective: plainElbo,
  optimizer: { kind: 'adam', learningRate: { schedule: 'cosine', value: learningRate } },
  training: { ...training, batchSize: 100 },
});

/** Every preset, the default first. */
export const presets: readonly Preset[] = [
  {
    name: 'vae',
    summary: 'VAE with two tanh layers of 200 and 50 latent dimensions: the standard of density estimation on MNIST',
    reference: 'Kingma and Welling 2014; sizes of Burda, Grosse and Salakhutdinov 2016',
    recipe: { model: tanhModel, objective: plainElbo, optimizer: adamCosine, training },
  },
  {
    name: 'vae-pytorch',
    summary: 'VAE with one relu layer of 400 and 20 latent dimensions: the example most people know',
    reference: 'pytorch/examples, vae (sizes, initialisation, Adam, batch 128, 10 epochs)',
    recipe: {
      model: { ...tanhModel, latentDim: 20, hidden: [400], activation: 'relu', initializer: 'lecunUniform' },
      objective: plainElbo,
      optimizer: { kind: 'adam', learningRate: 1e-3 },
      training: { ...training, epochs: 10 },
    },
  },
  {
    name: 'beta-vae',
    summary: 'the sizes of `vae` with the rate weighted by 4 after a linear warm-up of 10 epochs',
    reference: 'Higgins et al. 2017; warm-up of Bowman et al. 2016',
    recipe: {
      model: tanhModel,
      objective: { ...plainElbo, beta: { schedule: 'linear', from: 0, to: 4, epochs: 10 } } as ObjectiveConfig,
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'vae-conv',
    summary: 'convolutional VAE: 32 and 64 channels, window 4, step 2, 16 latent dimensions, mirrored decoder',
    reference: 'window, step and mirrored decoder of Burgess et al. 2018, two layers',
    recipe: {
      model: {
        ...tanhModel,
        latentDim: 16,
        hidden: [],
        activation: 'relu',
        initializer: 'glorotUniform',
        network: { kind: 'conv', channels: [32, 64] },
      },
      objective: plainElbo,
      optimizer: { kind: 'adam', learningRate: { schedule: 'cosine', value: 1e-3 } },
      training: { ...training, epochs: 10 },
    },
  },
  {
    name: 'vae-conv-colour',
    summary: 'convolutional VAE for small colour images: 32, 64 and 128 channels, 64 latent dimensions, one learned σ',
    reference: 'sizes after Burgess et al. 2018; learned σ of Rybkin et al. 2021',
    recipe: {
      model: {
        ...tanhModel,
        latentDim: 64,
        hidden: [],
        activation: 'relu',
        initializer: 'glorotUniform',
        network: { kind: 'conv', channels: [32, 64, 128] },
        likelihood: { kind: 'gaussian', scale: 'shared', initialScale: 0.1 },
      },
      objective: plainElbo,
      optimizer: { kind: 'adam', learningRate: { schedule: 'cosine', value: 2e-3 } },
      training: { ...training, epochs: 10 },
    },
  },
  {
    name: 'beta-vae-annealed',
    summary: 'a VAE of 10 latent dimensions whose rate is held near a capacity that grows from 0 to 25 nats',
    reference:
      'Burgess et al. 2018 (10 dimensions, 25 nats; their γ is 1000, which wants far longer runs); sizes of `vae`',
    recipe: {
      model: { ...tanhModel, latentDim: 10 },
      objective: {
        ...plainElbo,
        capacity: { gamma: 10, nats: { schedule: 'linear', from: 0, to: 25, epochs: 20 } },
      },
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'beta-tc',
    summary: 'a VAE of 10 latent dimensions whose total correlation is weighted by 6',
    reference: 'Chen et al. 2018 (β = 6); sizes of `vae`',
    recipe: {
      model: { ...tanhModel, latentDim: 10 },
      objective: { kind: 'beta-tc', beta: 6 },
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'infovae',
    summary:
      'an autoencoder with a Gaussian code of 10 dimensions whose aggregate is drawn to the prior by MMD (WAE-MMD)',
    reference: 'Zhao et al. 2019, Tolstikhin et al. 2018 (inverse multiquadratic kernel); sizes of `vae`',
    recipe: {
      model: { ...tanhModel, latentDim: 10 },
      objective: { kind: 'infovae', alpha: 1, lambda: 1000, kernel: { kind: 'imq' } },
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'dip',
    summary: 'a VAE of 10 latent dimensions whose aggregate covariance is drawn to the identity',
    reference: 'Kumar et al. 2018 (DIP-VAE II, λ = 10); sizes of `vae`',
    recipe: {
      model: { ...tanhModel, latentDim: 10 },
      objective: { kind: 'dip', variant: 'ii', offDiagonal: 10 },
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'fisher',
    summary: 'Fisher autoencoder (experimental; fits worse than maximum likelihood)',
    reference: 'Elkhalil et al. 2021; negative result: arXiv 2210.13390; sizes of `vae`, σ = 0.3',
    recipe: {
      model: { ...tanhModel, latentDim: 10, likelihood: { kind: 'gaussian', scale: 0.3 } },
      objective: { kind: 'fisher', mode: 'theorem' },
      optimizer: { kind: 'adam', learningRate: { schedule: 'cosine', value: 1e-3 } },
      training,
    },
  },
  {
    name: 'vae-score-function',
    summary: 'a VAE of 10 latent dimensions trained without the reparameterisation trick, for comparison',
    reference: 'Williams 1992; Mnih and Gregor 2014 (leave-one-out baseline of Mnih and Rezende 2016, 8 draws)',
    recipe: {
      model: { ...tanhModel, latentDim: 10 },
      objective: { ...plainElbo, numSamples: 8, gradient: 'score-function', baseline: 'leave-one-out' },
      optimizer: { kind: 'adam', learningRate: { schedule: 'cosine', value: 1e-3 } },
      training,
    },
  },
  {
    name: 'vae-counts',
    summary:
      'VAE of counts (single cells): zero-inflated negative binomial, encoder sees log(1 + x), 10 latent dimensions',
    reference: 'after Lopez et al. 2018 (scVI), without its factor for the size of a cell and with layer norm',
    recipe: {
      model: {
        ...tanhModel,
        latentDim: 10,
        hidden: [128],
        activation: 'relu',
        layerNorm: true,
        dropout: 0.1,
        encoderInput: 'log1p',
        likelihood: { kind: 'zero-inflated-negative-binomial', dispersion: 'per-dimension' },
      },
      objective: plainElbo,
      optimizer: { kind: 'adam', learningRate: 1e-3 },
      training: { ...training, epochs: 100 },
    },
  },
  {
    name: 'vae-2d',
    summary: 'the sizes of `vae` with 2 latent dimensions, for a picture of the whole latent space',
    reference: 'Kingma and Welling 2014, figure 4',
    recipe: { model: { ...tanhModel, latentDim: 2 }, objective: plainElbo, optimizer: adamCosine, training },
  },
  {
    name: 'vae-sigma',
    summary: 'the sizes of `vae` with a Gaussian likelihood whose one σ for all pixels is learned',
    reference: 'Rybkin, Daniilidis and Levine 2021 (σ-VAE); sizes of `vae`',
    recipe: {
      model: { ...tanhModel, likelihood: { kind: 'gaussian', scale: 'shared' } },
      objective: plainElbo,
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'vae-full',
    summary: 'the sizes of `vae` with 20 latent dimensions and a posterior of full covariance (Cholesky factor)',
    reference: 'Kingma and Welling 2019, section 2.5.1',
    recipe: {
      model: { ...tanhModel, latentDim: 20, posterior: { kind: 'full-covariance' } },
      objective: plainElbo,
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'vae-mixture',
    summary: 'the sizes of `vae` with 20 latent dimensions and a learned mixture of 50 normals as the prior',
    reference: 'Dilokthanakul et al. 2016; Tomczak and Welling 2018 (their baseline)',
    recipe: {
      model: { ...tanhModel, latentDim: 20, prior: { kind: 'mixture', components: 50 } },
      objective: plainElbo,
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'vae-vamp',
    summary:
      'VAE with two layers of 300, 40 latent dimensions and the posterior over 100 learned pseudo-inputs as prior',
    reference: 'Tomczak and Welling 2018 (sizes; tanh in place of gated layers, 100 pseudo-inputs in place of 500)',
    recipe: {
      model: { ...tanhModel, latentDim: 40, hidden: [300, 300], prior: { kind: 'vamp', pseudoInputs: 100 } },
      objective: { ...plainElbo, beta: { schedule: 'linear', from: 0, to: 1, epochs: 5 } },
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'ae',
    summary: 'plain autoencoder with 20 latent dimensions: the code is a point, and no bound is claimed',
    reference: 'Hinton and Salakhutdinov 2006; sizes of `vae`',
    recipe: {
      model: {
        ...tanhModel,
        latentDim: 20,
        posterior: { kind: 'delta' },
        likelihood: { kind: 'gaussian', scale: 'shared' },
      },
      objective: { kind: 'reconstruction' },
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'cvae',
    summary: 'conditional VAE given the class, with a learned normal prior for each: draws digits of a chosen class',
    reference: 'Sohn, Lee and Yan 2015; sizes of `vae`',
    recipe: {
      model: { ...tanhModel, latentDim: 20, condition: { kind: 'labels' }, prior: { kind: 'conditional' } },
      objective: plainElbo,
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'cvae-fixed',
    summary: 'conditional VAE given the class, with the prior N(0, I) for every class: the code holds the style alone',
    reference: 'Kingma et al. 2014 (M2 with all labels); sizes of `vae`',
    recipe: {
      model: { ...tanhModel, latentDim: 20, condition: { kind: 'labels' } },
      objective: plainElbo,
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'cvae-complete',
    summary: 'completes the lower left quarter of a picture given the other three: hybrid of CVAE and GSNN',
    reference: 'Sohn, Lee and Yan 2015, section 5.1 (three quarters given)',
    recipe: {
      model: {
        ...tanhModel,
        activation: 'relu',
        condition: { kind: 'completion', missing: 'bottom-left' },
        prior: { kind: 'conditional', hidden: [200, 200] },
      },
      objective: { kind: 'hybrid', alpha: 0.5, numSamples: 1 },
      optimizer: { kind: 'adam', learningRate: { schedule: 'cosine', value: 1e-3 } },
      training,
    },
  },
  {
    name: 'iwae',
    summary: 'importance-weighted autoencoder, one stochastic layer of 50, 50 samples',
    reference: 'Burda, Grosse and Salakhutdinov 2016 (network; optimiser and length of `vae`, so that the two compare)',
    recipe: {
      model: { ...tanhModel, initializer: 'glorotUniform' },
      objective: { kind: 'iwae', numSamples: 50 },
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'iwae-two-layers',
    summary: 'importance-weighted autoencoder, two stochastic layers of 100 and 50, 50 samples',
    reference: 'Burda, Grosse and Salakhutdinov 2016, L = 2 (optimiser and length of `vae`)',
    recipe: {
      model: {
        ...tanhModel,
        latentDim: 100,
        initializer: 'glorotUniform',
        upper: { latentDim: 50, hidden: [100, 100] },
      },
      objective: { kind: 'iwae', numSamples: 50 },
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'iwae-paper',
    summary: 'importance-weighted autoencoder with 50 samples and the paper’s 3,280 epochs (days on a CPU: set epochs)',
    reference: 'Burda, Grosse and Salakhutdinov 2016, one stochastic layer',
    recipe: {
      model: { ...tanhModel, initializer: 'glorotUniform' },
      objective: { kind: 'iwae', numSamples: 50 },
      optimizer: { kind: 'adam', learningRate: { schedule: 'iwae-paper', value: 1e-3 }, epsilon: 1e-4 },
      training: { ...training, epochs: 3280, batchSize: 20 },
      binarization: 'dynamic',
    },
  },
  {
    name: 'vae-iaf',
    summary: 'the sizes of `vae` with two inverse autoregressive layers behind the posterior',
    reference: 'Kingma et al. 2016 (sizes of `vae`)',
    recipe: {
      model: {
        ...tanhModel,
        posterior: { kind: 'flow', layers: 'inverse-autoregressive', length: 2, hidden: [200], activation: 'tanh' },
      },
      objective: plainElbo,
      optimizer: adamCosine,
      training,
    },
  },
  {
    name: 'm1',
    summary: 'the VAE `vae` on all examples, then multinomial logistic regression on codes of those that have a label',
    reference: 'Kingma et al. 2014, M1 (sizes of `vae`; their classifier is a transductive SVM)',
    recipe: {
      model: tanhModel,
      objective: plainElbo,
      optimizer: adamCosine,
      training,
      classifier: { kind: 'logistic-regression', codes: 'mean', binarization: 'none' },
    },
  },
  {
    name: 'm2',
    summary: 'semi-supervised: the class is a variable beside the code, summed out where it is not known',
    reference:
      'Kingma, Rezende, Mohamed and Welling 2014, M2; sizes, β and dropout chosen on validation images of MNIST',
    recipe: {
      model: {
        ...tanhModel,
        latentDim: 10,
        hidden: [256],
        activation: 'relu',
        condition: { kind: 'labels', inferred: true, dropout: 0.5 },
      },
      objective: { kind: 'm2', alpha: 10, beta: 4, numSamples: 1, classGradient: { schedule: 'linear', epochs: 1 } },
      optimizer: { kind: 'adam', learningRate: { schedule: 'cosine', value: 3e-3 } },
      training: { ...training, epochs: 20, batchSize: 100, labelledBatchSize: 20 },
    },
  },
  {
    name: 'pc-vae',
    summary:
      'semi-supervised: the sizes of `vae`, and its code must tell the label: softmax of a linear map of the draw',
    reference: 'Hope et al. 2020, prediction constraint at a fixed weight (sizes of `vae`)',
    recipe: {
      model: { ...tanhModel, labels: { kind: 'categorical' } },
      objective: { kind: 'prediction-constrained', lambda: 100 },
      optimizer: adamCosine,
      training: { ...training, labelledBatchSize: 20 },
    },
  },
  {
    name: 'cpc-vae',
    summary: 'the same, and the reconstruction of an example must be given the label of the example',
    reference: 'Hope et al. 2020, prediction and consistency constraints, label prior (sizes of `vae`)',
    recipe: {
      model: { ...tanhModel, encoderDropout: 0.3, labels: { kind: 'categorical' } },
      objective: {
        kind: 'prediction-constrained',
        lambda: 30,
        consistency: { weight: 30 },
        labelPrior: { weight: 30 },
      },
      optimizer: adamCosine,
      training: { ...training, labelledBatchSize: 20 },
    },
  },
  {
    name: 'm1-m2',
    summary: 'semi-supervised: a VAE on all examples, then M2 on codes drawn from it anew at each presentation',
    reference: 'Kingma et al. 2014, M1+M2; sizes and dropout above chosen on validation images of MNIST',
    recipe: {
      model: {
        ...tanhModel,
        latentDim: 20,
        hidden: [500, 500],
        activation: 'relu',
        condition: { kind: 'labels', inferred: true, dropout: 0.5 },
        above: {
          latentDim: 10,
          hidden: [500],
          pretraining: { epochs: 50, batchSize: 128, learningRate: { schedule: 'cosine', value: 1e-3 } },
        },
      },
      objective: { kind: 'm2', alpha: 1, numSamples: 1, classGradient: { schedule: 'linear', epochs: 1 } },
      optimizer: { kind: 'adam', learningRate: { schedule: 'cosine', value: 3e-3 } },
      training: { ...training, epochs: 40, batchSize: 100, labelledBatchSize: 10 },
    },
  },
  {
    name: 'flow-lu',
    summary: 'linear flow W = P L U on logits of pixels: a normal with full covariance, by gradient',
    reference: 'Kingma and Dhariwal 2018 (LU); data as in Papamakarios et al. 2017',
    recipe: flowRecipe({ layers: 'linear-lu', length: 1 }, 3e-3),
  },
  {
    name: 'flow-qr',
    summary: 'the same with W = Q R, Q a product of Householder reflections',
    reference: 'Tomczak and Welling 2016 (Householder); data as in Papamakarios et al. 2017',
    recipe: flowRecipe({ layers: 'linear-qr', length: 1 }, 3e-3),
  },
  {
    name: 'maf',
    summary: 'masked autoregressive flow of 5 layers on logits of pixels; samples take a pass for each pixel',
    reference: 'Papamakarios, Pavlakou and Murray 2017, MAF (5)',
    recipe: flowRecipe({ layers: 'autoregressive', length: 5, hidden: [1024] }, 5e-4),
  },
  {
    name: 'realnvp',
    summary: 'five affine couplings on logits of pixels: one pass both ways',
    reference: 'Dinh, Sohl-Dickstein and Bengio 2017; sizes of Papamakarios et al. 2017, Real NVP (5)',
    recipe: flowRecipe({ layers: 'coupling', length: 5, hidden: [1024], logScaleBound: 3 }, 5e-4),
  },
  {
    name: 'flow-vae',
    summary: 'five couplings as encoder and, inverted, as decoder, with noise of 0.05 around pixels',
    reference: 'Nielsen et al. 2020 (the theorem before its limit)',
    recipe: flowRecipe({ layers: 'coupling', length: 5, hidden: [256], logScaleBound: 3, scale: 0.05 }, 5e-4),
  },
  {
    name: 'made',
    summary: 'masked autoregressive net of bits: exact probabilities, samples a bit at a time',
    reference: 'Germain et al. 2015, one hidden layer of 500',
    recipe: {
      ...flowRecipe({ layers: 'bits', hidden: [500] }, 1e-3),
      model: { ...tanhModel, flow: { layers: 'bits', hidden: [500] } },
    },
  },
  {
    name: 'ppca',
    summary: 'probabilistic PCA with 20 latent dimensions, in closed form: the optimum of a linear VAE',
    reference: 'Tipping and Bishop 1999',
    recipe: { ...linearRecipe, program: { kind: 'ppca' } },
  },
  {
    name: 'ppca-em',
    summary: 'the same by expectation maximisation: `epochs` are the most iterations',
    reference: 'Tipping and Bishop 1999, section 3.2',
    recipe: { ...linearRecipe, training: { ...training, epochs: 1000 }, program: { kind: 'ppca-em', tolerance: 1e-6 } },
  },
];

/** The preset called `name`; a `config` error names the nearest one. */
export function findPreset(name: string): Preset {
  const names = [...presets, ...densityPresets].map((preset) => preset.name);
  const found = presets.find((preset) => preset.name === name);
  if (found) return found;
  if (names.includes(name)) {
    throw new ReparamError('config', 'this preset is a density model without latent codes', {
      got: JSON.stringify(name),
      expected: 'a preset whose recipe has a model',
    });
  }
  const near = nearest(name, names);
  throw new ReparamError('config', 'no such preset', {
    got: JSON.stringify(name),
    expected: names.join(', '),
    fix: near && `Did you mean "${near}"?`,
  });
}
