import { ReparamError } from '@reparam/tensor';
import { element, type Markup } from './markup.ts';
import { ink, seriesColor } from './palette.ts';
import { panelGrid } from './panelGrid.ts';
import type { Scale } from './scale.ts';

/** What histograms of latent dimensions count. */
export interface LatentHistogramsOptions {
  readonly title: string;
  readonly caption?: string;
  /** Draws from q(z|x), row-major [n, dim]. */
  readonly draws: ArrayLike<number>;
  readonly dim: number;
  /** Which dimensions, in which order; default all. */
  readonly dims?: readonly number[];
  /** KL of every dimension in nats, written beside its name. */
  readonly kl?: readonly number[];
  /** Class of every draw: their bars stand on each other. */
  readonly labels?: ArrayLike<number>;
  readonly classNames?: readonly string[];
  /** Density of the prior of one dimension; drawn as a dashed line. */
  readonly prior: (dim: number, value: number) => number;
  /** Bins of each histogram; default 28. */
  readonly bins?: number;
  /** Values shown: from −range to range, wider where draws lie beyond; default 3.5. */
  readonly range?: number;
}

/** A histogram of each latent dimension, its classes stacked, as densities (the bars' area is 1) against the prior's, as SVG. */
export function latentHistograms(options: LatentHistogramsOptions): string {
  const { title, draws, dim, labels, classNames = [], kl, prior, bins = 28, range = 3.5 } = options;
  const { dims = Array.from({ length: dim }, (_, i) => i) } = options;
  const count = draws.length / dim;
  if (!Number.isInteger(count) || count < 1 || (labels && labels.length !== count)) {
    throw new ReparamError('shape', 'draws of latent histograms', {
      got: `${draws.length} values, ${labels?.length ?? 'no'} labels`,
      expected: `rows of ${dim}, one label a row`,
    });
  }
  const classes = labels ? [...new Set(Array.from(labels))].sort((a, b) => a - b) : [0];
  const panels = dims.map((axis) => {
    const values = Array.from({ length: count }, (_, i) => draws[i * dim + axis]!);
    const far = values.reduce((most, value) => Math.max(most, Math.abs(value)), range);
    const domain = [-far, far] as const;
    const stacks = stackedDensities(values, domain, bins, classes.length, (i) =>
      labels ? classes.indexOf(labels[i]!) : 0,
    );
    const line = Array.from({ length: 121 }, (_, i) => {
      const value = -far + (2 * far * i) / 120;
      return [value, prior(axis, value)] as const;
    });
    const highest = Math.max(...stacks.at(-1)!, ...line.map(([, density]) => density));
    return {
      title: kl ? `z${axis}: ${kl[axis]!.toFixed(2)} nats` : `z${axis}`,
      xDomain: domain,
      yDomain: [0, highest * 1.05] as const,
      draw: (x: Scale, y: Scale) => [
        ...stacks.map((_, k) => silhouette(stacks[k]!, stacks[k - 1], domain, x, y, labels ? classes[k]! : 0)),
        element('path', {
          d: `M${line.map(([px, py]) => `${x(px).toFixed(1)} ${y(py).toFixed(1)}`).join('L')}`,
          fill: 'none',
          stroke: ink.text,
          class: 'rp-line',
          'stroke-width': '1.5',
          'stroke-dasharray': '4 3',
        }),
      ],
    };
  });
  const legend = labels ? classes.map((label) => ({ label: classNames[label] ?? String(label), index: label })) : [];
  return panelGrid({ title, caption: options.caption, legend, panels });
}

/** Upper edges [class][bin] of the stacked densities of `values`; the last class is the density of all. */
export function stackedDensities(
  values: readonly number[],
  [low, high]: readonly [number, number],
  bins: number,
  classes: number,
  classOf: (row: number) => number,
): Float64Array[] {
  const width = (high - low) / bins;
  const stacks = Array.from({ length: classes }, () => new Float64Array(bins));
  values.forEach((value, i) => {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((value - low) / width)));
    stacks[classOf(i)]![bin]! += 1 / (values.length * width);
  });
  for (let k = 1; k < classes; k++) stacks[k] = stacks[k]!.map((density, bin) => density + stacks[k - 1]![bin]!);
  return stacks;
}

/** The area between two edges, in steps. */
function silhouette(
  upper: Float64Array,
  lower: Float64Array | undefined,
  [low, high]: readonly [number, number],
  x: Scale,
  y: Scale,
  label: number,
): Markup {
  const edge = (k: number) => x(low + ((high - low) * k) / upper.length).toFixed(1);
  const level = (heights: Float64Array | undefined, bin: number) => y(heights?.[bin] ?? 0).toFixed(1);
  const bins = [...upper.keys()];
  const there = bins.map((bin) => `V${level(upper, bin)}H${edge(bin + 1)}`);
  const back = bins.reverse().map((bin) => `V${level(lower, bin)}H${edge(bin)}`);
  const { color, fillClass } = seriesColor(label);
  return element('path', {
    d: `M${edge(0)} ${y(0).toFixed(1)}${[...there, ...back].join('')}Z`,
    fill: color,
    class: fillClass,
    'fill-opacity': '0.85',
  });
}
