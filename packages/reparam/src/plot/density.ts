import { extent } from './svg/scale.ts';

/** Density of points in the plane on a grid: `values[iy · size + ix]` at the middle of a cell. */
export interface DensityGrid {
  readonly size: number;
  readonly xDomain: readonly [number, number];
  readonly yDomain: readonly [number, number];
  readonly values: Float64Array;
}

/**
 * Kernel density estimate of `points` [n, 2] with a Gaussian kernel of `bandwidth` (one for each axis), its sum over the
 * cells times their area being 1 up to what lies outside the domains.
 */
export function densityGrid(
  points: ArrayLike<number>,
  bandwidth: readonly [number, number],
  xDomain: readonly [number, number],
  yDomain: readonly [number, number],
  size = 72,
): DensityGrid {
  const count = points.length / 2;
  const counts = new Float64Array(size * size);
  const [wx, wy] = [(xDomain[1] - xDomain[0]) / size, (yDomain[1] - yDomain[0]) / size];
  // Each point is shared linearly among the four nearest cells, which keeps its place to second order.
  for (let i = 0; i < count; i++) {
    const [fx, fy] = [(points[2 * i]! - xDomain[0]) / wx - 0.5, (points[2 * i + 1]! - yDomain[0]) / wy - 0.5];
    const [ix, iy] = [Math.floor(fx), Math.floor(fy)];
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      const [cx, cy] = [ix + dx, iy + dy];
      if (cx < 0 || cy < 0 || cx >= size || cy >= size) continue;
      counts[cy * size + cx]! += (1 - Math.abs(fx - cx)) * (1 - Math.abs(fy - cy));
    }
  }
  const blurred = blur(blur(counts, size, 1, bandwidth[0] / wx), size, size, bandwidth[1] / wy);
  return { size, xDomain, yDomain, values: blurred.map((value) => value / (count * wx * wy)) };
}

/** Scott's rule for two dimensions: standard deviation · n^(−1/6), for each axis. */
export function scottBandwidth(points: ArrayLike<number>): [number, number] {
  const count = points.length / 2;
  const spread = [0, 1].map((axis) => {
    let [sum, squares] = [0, 0];
    for (let i = 0; i < count; i++) {
      sum += points[2 * i + axis]!;
      squares += points[2 * i + axis]! ** 2;
    }
    return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  });
  const factor = count ** (-1 / 6);
  return [spread[0]! * factor || 1e-3, spread[1]! * factor || 1e-3];
}

/** Densities above which the given shares of the mass on the grid lie: highest-density regions. */
export function massLevels({ values }: DensityGrid, shares: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort().reverse();
  const total = sorted.reduce((sum, value) => sum + value, 0);
  return shares.map((share) => {
    let held = 0;
    return sorted.find((value) => {
      held += value;
      return held >= share * total;
    })!;
  });
}

/** Lines along which the grid, between the middles of its cells, has the value `level`; a closed one ends where it starts. */
export function contourLines(
  { values, size, xDomain, yDomain }: DensityGrid,
  level: number,
): [x: number, y: number][][] {
  const points = new Map<number, [number, number]>();
  const joined = new Map<number, number[]>();
  const coordinate = ([low, high]: readonly [number, number], place: number) =>
    low + ((place + 0.5) / size) * (high - low);
  /** Where the edge from cell (ix, iy) to its neighbour crosses the level, by a number that both cells at the edge know. */
  const crossing = (ix: number, iy: number, upwards: boolean): number[] => {
    const [a, b] = [values[iy * size + ix]!, values[(iy + (upwards ? 1 : 0)) * size + ix + (upwards ? 0 : 1)]!];
    if (a > level === b > level) return [];
    const edge = 2 * (iy * size + ix) + (upwards ? 1 : 0);
    const share = (level - a) / (b - a);
    points.set(edge, [
      coordinate(xDomain, ix + (upwards ? 0 : share)),
      coordinate(yDomain, iy + (upwards ? share : 0)),
    ]);
    return [edge];
  };
  for (let iy = 0; iy + 1 < size; iy++) {
    for (let ix = 0; ix + 1 < size; ix++) {
      const edges = [
        ...crossing(ix, iy, false),
        ...crossing(ix + 1, iy, true),
        ...crossing(ix, iy + 1, false),
        ...crossing(ix, iy, true),
      ];
      // Two crossings, or four at a saddle.
      for (let k = 0; k + 1 < edges.length; k += 2) {
        for (const [from, to] of [edges.slice(k, k + 2), edges.slice(k, k + 2).reverse()]) {
          joined.set(from!, [...(joined.get(from!) ?? []), to!]);
        }
      }
    }
  }
  const lines: [number, number][][] = [];
  const starts = [...joined.keys()].sort((a, b) => joined.get(a)!.length - joined.get(b)!.length);
  const follow = (edge: number, line: [number, number][]): void => {
    let here: number | undefined = edge;
    while (here !== undefined) {
      line.push(points.get(here)!);
      const next: number | undefined = joined.get(here)!.pop();
      if (next !== undefined) joined.get(next)!.splice(joined.get(next)!.indexOf(here), 1);
      here = next;
    }
  };
  for (const start of starts) {
    if (joined.get(start)!.length === 0) continue;
    const line: [number, number][] = [];
    follow(start, line);
    lines.push(line);
  }
  return lines;
}

/** Domain that holds all but a thousandth of the points at either end of every set on `axis`, with a margin. */
export function commonDomain(sets: readonly ArrayLike<number>[], axis: 0 | 1): [number, number] {
  const ends = sets.map((points) => {
    const sorted = Float64Array.from({ length: points.length / 2 }, (_, i) => points[2 * i + axis]!).sort();
    const cut = Math.floor(sorted.length / 1000);
    return extent([sorted[cut]!, sorted[sorted.length - 1 - cut]!]);
  });
  const [low, high] = extent(ends.flat());
  const margin = 0.08 * (high - low || 1);
  return [low - margin, high + margin];
}

/** Kernel density estimate of numbers as a function, with Scott's bandwidth (standard deviation · n^(−1/5)), on 400 cells. */
export function lineDensity(values: ArrayLike<number>): (value: number) => number {
  const [low, high] = extent(Array.from(values));
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
    squares += values[i]! ** 2;
  }
  const deviation = Math.sqrt(Math.max(0, squares / values.length - (sum / values.length) ** 2)) || 1e-3;
  const bandwidth = deviation * values.length ** (-1 / 5);
  const [start, cells] = [low - 4 * bandwidth, 400];
  const width = (high - low + 8 * bandwidth) / cells;
  const counts = new Float64Array(cells);
  for (let i = 0; i < values.length; i++) counts[Math.min(cells - 1, Math.floor((values[i]! - start) / width))]! += 1;
  const smooth = blurLine(counts, bandwidth / width).map((count) => count / (values.length * width));
  return (value) => {
    const place = (value - start) / width - 0.5;
    const below = Math.floor(place);
    const at = (i: number) => smooth[i] ?? 0;
    return at(below) + (place - below) * (at(below + 1) - at(below));
  };
}

function blur(values: Float64Array, size: number, stride: number, deviation: number): Float64Array {
  const result = new Float64Array(values.length);
  const other = stride === 1 ? size : 1;
  for (let line = 0; line < size; line++) {
    const own = Float64Array.from({ length: size }, (_, i) => values[line * other + i * stride]!);
    blurLine(own, deviation).forEach((value, i) => {
      result[line * other + i * stride] = value;
    });
  }
  return result;
}

/** `line` with a Gaussian of `deviation` cells; what would reach over the ends is lost. */
function blurLine(line: Float64Array, deviation: number): Float64Array {
  const reach = Math.min(line.length - 1, Math.max(1, Math.ceil(4 * deviation)));
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * deviation ** 2)),
  );
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  return line.map((_, i) => {
    let sum = 0;
    for (let k = Math.max(-reach, -i); k <= Math.min(reach, line.length - 1 - i); k++)
      sum += kernel[k + reach]! * line[i + k]!;
    return sum / total;
  });
}
