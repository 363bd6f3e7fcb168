import { ReparamError } from '@reparam/tensor';
import { stackedDensities } from './latentHistograms.ts';
import { element } from './markup.ts';
import { seriesColor } from './palette.ts';
import { panelGrid } from './panelGrid.ts';
import { isDrawable, type Scale } from './scale.ts';

/** Numbers of several sets, to be compared. */
export interface ComparedHistogramsOptions {
  readonly title: string;
  readonly caption?: string;
  /** Names of the sets. */
  readonly sets: readonly string[];
  /** One chart each: the values of every set. */
  readonly panels: readonly { readonly title: string; readonly values: readonly ArrayLike<number>[] }[];
  /** Bins of each chart; default 40. */
  readonly bins?: number;
  /** Charts a row; default 2. */
  readonly columns?: number;
}

/** For each quantity a histogram of every set over each other, as densities (each area is 1 but for what is cut off), as SVG. */
export function comparedHistograms(options: ComparedHistogramsOptions): string {
  const { title, caption, sets, panels, bins = 40, columns = 2 } = options;
  const drawn = panels.map(({ title: name, values }) => {
    if (values.length !== sets.length || values.some(({ length }) => length === 0)) {
      throw new ReparamError('shape', 'values of compared histograms', {
        got: `${values.length} sets of ${values.map(({ length }) => length).join(', ')}`,
        expected: `${sets.length} sets, none of them empty`,
      });
    }
    const finite = values.map((set) => Array.from(set).filter(isDrawable));
    const domain = commonRange(finite);
    const heights = finite.map((set) => stackedDensities(set, domain, bins, 1, () => 0)[0]!);
    return {
      title: name,
      xDomain: domain,
      yDomain: [0, 1.05 * Math.max(...heights.flatMap((set) => [...set]))] as const,
      draw: (x: Scale, y: Scale) =>
        heights.map((set, index) => {
          const edge = (k: number) => x(domain[0] + ((domain[1] - domain[0]) * k) / bins).toFixed(1);
          const steps = Array.from(set, (height, bin) => `V${y(height).toFixed(1)}H${edge(bin + 1)}`);
          const { color, fillClass } = seriesColor(index);
          return element('path', {
            d: `M${edge(0)} ${y(0).toFixed(1)}${steps.join('')}V${y(0).toFixed(1)}Z`,
            fill: color,
            class: fillClass,
            'fill-opacity': '0.5',
          });
        }),
    };
  });
  return panelGrid({ title, caption, columns, legend: sets.map((label, index) => ({ label, index })), panels: drawn });
}

/** Holds all but half a percent of the values at either end of every set; what lies beyond is counted in the last bin. */
function commonRange(sets: readonly (readonly number[])[]): [number, number] {
  const ends = sets.map((set) => {
    const sorted = Float64Array.from(set).sort();
    const cut = Math.floor(sorted.length / 200);
    return [sorted[cut] ?? 0, sorted[sorted.length - 1 - cut] ?? 1] as const;
  });
  const [low, high] = [Math.min(...ends.map(([first]) => first)), Math.max(...ends.map(([, last]) => last))];
  return high > low ? [low, high] : [low - 0.5, low + 0.5];
}
