import { aggregateContours, latentChart, latentHistograms, lineDensity, quantileChart } from 'reparam/plot';
import type { FigureContext } from './context.ts';
import type { FigureKind } from './figure.ts';

/** Most dimensions shown beside each other, and as lines of one chart. */
const [maxPanels, maxLines] = [12, 6];

const column = (rows: ArrayLike<number>, dim: number, axis: number): Float64Array =>
  Float64Array.from({ length: rows.length / dim }, (_, i) => rows[i * dim + axis]!);

const columns = (rows: ArrayLike<number>, dim: number, axes: readonly number[]): Float64Array =>
  Float64Array.from(
    { length: (rows.length / dim) * axes.length },
    (_, j) => rows[Math.floor(j / axes.length) * dim + axes[j % axes.length]!]!,
  );

const labelsOf = ({ test }: FigureContext) => ({
  ...(test.labels && { labels: test.labels }),
  ...(test.classNames && { classNames: test.classNames }),
});

/** Posterior means in the plane, by class. */
export const latent: FigureKind = {
  name: 'latent',
  summary: 'posterior means by class, with the mean and ellipse of each class',
  missing: () => undefined,
  async draw(context) {
    const { mean } = await context.draws();
    const svg = latentChart({ codes: mean.data, dim: context.model.latentDim, ...labelsOf(context) });
    const plane = context.model.latentDim > 2 ? ', projected on the two directions of largest variance' : '';
    return [
      {
        file: 'latent',
        title: 'Latent plane',
        caption: `The mean of q(z|x) for every test example${plane}. Ellipses are two standard deviations of a class around its mean: where they overlap, the plane does not tell the classes apart.`,
        svg,
      },
    ];
  },
};

/** A histogram of each latent dimension against the prior. */
export const histograms: FigureKind = {
  name: 'histograms',
  summary: 'each latent dimension by class, stacked, against the prior',
  missing: () => undefined,
  async draw(context) {
    const { latentDim } = context.model;
    const { posterior, prior } = await context.draws();
    const dims = (await context.order()).slice(0, maxPanels);
    const kl = await context.kl();
    const densities = new Map(dims.map((d) => [d, lineDensity(column(prior.data, latentDim, d))]));
    const which = latentDim > dims.length ? `The ${dims.length} dimensions of largest KL, one` : 'One';
    return [
      {
        file: 'histograms',
        title: 'Latent dimensions by class',
        caption: `${which} draw from q(z|x) for each test example; dashed: the prior. Where the whole follows the prior, samples meet codes the decoder knows; a dimension whose classes are all spread alike says nothing about the class.`,
        svg: latentHistograms({
          title: 'Latent dimensions by class, and the prior',
          draws: posterior.data,
          dim: latentDim,
          dims,
          ...(kl && { kl }),
          ...labelsOf(context),
          prior: (dim, value) => densities.get(dim)!(value),
        }),
      },
    ];
  },
};

/** The aggregate posterior against the prior. */
export const aggregate: FigureKind = {
  name: 'aggregate',
  summary: 'the aggregate posterior against the prior: contours, and quantiles of each dimension',
  missing: ({ model }) => (model.latentDim < 2 ? 'needs two latent dimensions' : undefined),
  async draw(context) {
    const { latentDim } = context.model;
    const { posterior, prior } = await context.draws();
    const order = await context.order();
    const [a, b] = order.slice(0, 2).sort((i, j) => i - j) as [number, number];
    const dims = order.slice(0, maxLines);
    const plane = (rows: ArrayLike<number>) => columns(rows, latentDim, [a, b]);
    return [
      {
        file: 'aggregate-contours',
        title: 'Aggregate posterior and prior',
        caption: `Draws from q(z|x) of all test examples together, and draws from the prior, in the plane of z${a} and z${b}${latentDim > 2 ? ', the dimensions of largest KL' : ''}. Each contour holds the same share of its distribution: equal distributions have equal contours, and where the prior reaches beyond, samples come from codes that no example has.`,
        svg: aggregateContours({
          title: 'Aggregate posterior and prior',
          x: { label: `z${a}` },
          y: { label: `z${b}` },
          posterior: plane(posterior.data),
          prior: plane(prior.data),
        }),
      },
      {
        file: 'aggregate-quantiles',
        title: 'Quantiles of the aggregate posterior',
        caption: `Quantiles 1 % to 99 % of ${latentDim > dims.length ? `the ${dims.length} dimensions of largest KL` : 'each dimension'} over the test set, less those of the prior. On the dashed line both agree; a falling line means codes narrower than the prior, a rising one wider, and one above or below it all along a shift.`,
        svg: quantileChart({
          title: 'Quantiles: aggregate posterior less prior',
          x: { label: 'quantile of the prior' },
          y: { label: 'difference of the quantiles' },
          pairs: dims.map((d) => ({
            name: `z${d}`,
            posterior: column(posterior.data, latentDim, d),
            prior: column(prior.data, latentDim, d),
          })),
        }),
      },
    ];
  },
};
