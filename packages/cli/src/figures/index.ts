import { ReparamError } from '@reparam/tensor';
import { classGrid } from './classGrid.ts';
import type { FigureContext } from './context.ts';
import type { Figure, FigureKind } from './figure.ts';
import { interpolation } from './interpolation.ts';
import { aggregate, histograms, latent } from './latentFigures.ts';
import { plane } from './manifold.ts';
import { neighbours } from './neighbours.ts';
import { traversal } from './traversal.ts';

/** Every kind of figure, in the order of the report. */
export const figureKinds: readonly FigureKind[] = [
  latent,
  histograms,
  aggregate,
  plane,
  traversal,
  interpolation,
  classGrid,
  neighbours,
];

/** The figures of `kinds` that the model and its data allow, in order. A kind whose parts have no figure is left out. */
export async function drawFigures(context: FigureContext, kinds: readonly FigureKind[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const kind of kinds) {
    context.signal?.throwIfAborted();
    if (kind.missing(context) !== undefined) continue;
    try {
      figures.push(...(await kind.draw(context)));
    } catch (error) {
      // Some priors have no quantiles, some posteriors no draws: the other figures stand without theirs.
      if (!(error instanceof ReparamError && error.code === 'unsupported') || kinds.length === 1) throw error;
    }
  }
  return figures;
}
