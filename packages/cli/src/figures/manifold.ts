import { manifold } from 'reparam';
import { imageFigure, manifoldGrid } from 'reparam/plot';
import { conditionsOf } from './context.ts';
import type { FigureKind } from './figure.ts';

const side = 20;

/** The plane of a two-dimensional latent space, decoded. */
export const plane: FigureKind = {
  name: 'manifold',
  summary: 'the decoded plane of a two-dimensional latent space',
  missing: ({ size, model }) => {
    if (!size) return 'the examples are no images';
    return model.latentDim === 2 ? undefined : 'needs two latent dimensions';
  },
  async draw(context) {
    const { model, params, decoding, test } = context;
    const condition = conditionsOf(test, Array<number>(side * side).fill(0));
    const { mean } = await manifold(model, params, side, { ...decoding, condition });
    const image = manifoldGrid(await context.grey(mean), { ...context.size!, columns: side, scale: 1 });
    return [
      {
        file: 'manifold',
        title: 'Manifold',
        caption:
          'Means of p(x|z) on a grid of quantiles of the prior: every cell has the same probability. Reading along a row or a column shows what one axis of the code changes.',
        svg: imageFigure(image, { title: 'The latent plane, decoded', x: 'z₀ →', y: 'z₁ →' }),
      },
    ];
  },
};
