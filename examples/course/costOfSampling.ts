import { key } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { buildRecipe, digits, findPreset, sample } from 'reparam';

// What 1,000 samples cost, with weights as they start: sampling takes as long before training as after it.
const runtime = await nodeRuntime();
const data = digits();
const sizes = findPreset('vae').recipe.model;
for (const name of ['vae', 'realnvp', 'maf']) {
  const { recipe } = findPreset(name);
  const flow = recipe.model.flow && { ...recipe.model.flow, hidden: [100, 100] };
  const { model } = buildRecipe({ ...recipe, model: flow ? { ...recipe.model, flow } : sizes }, data);
  const params = model.init(key(0));
  const start = performance.now();
  await sample(model, params, 1000, { runtime });
  console.log(
    `${name}: ${Math.round(performance.now() - start)} ms for 1,000 samples of 64 values, compilation included`,
  );
}
