import { buildRecipe, digits, findPreset, type Preset } from 'reparam';

/** A recipe is plain JSON: start from a preset and say what differs. */
export const wideBeta: Preset = {
  name: 'wide-beta',
  summary: 'wide layers, the rate weighted by 2',
  reference: 'an example',
  recipe: {
    ...findPreset('vae').recipe,
    model: { ...findPreset('vae').recipe.model, hidden: [512, 512], activation: 'silu', latentDim: 16 },
    objective: { kind: 'elbo', kl: 'analytic', numSamples: 1, beta: 2, freeBits: 0 },
  },
};

/** Sizes come from the data's shape, the binarisation from its values. */
export const { model, fitOptions } = buildRecipe(wideBeta.recipe, digits());
