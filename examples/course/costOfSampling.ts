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
  const timeOf = async (count: number) => {
    const start = performance.now();
    await sample(model, params, count, { runtime });
    return performance.now() - start;
  };
  await timeOf(1000);
  const [few, many] = [await timeOf(1000), await timeOf(11_000)]; // the difference leaves compilation out
  console.log(`${name}: ${((many - few) / 10).toFixed(1)} ms for 1,000 samples of 64 values`);
}
