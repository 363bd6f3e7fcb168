import { foldIn, type Key, uniformArray } from '@reparam/tensor';

/** Columns of numbers cut into bins, which is all that a tree sees of them. */
export interface BinnedColumns {
  /** Bin of every row, one array a column. */
  readonly columns: readonly Uint8Array[];
  readonly rows: number;
}

/** A classifier made of trees. */
export interface Forest {
  /** How much the splits at each column lower the Gini impurity, as shares of all of it; zeros when nothing splits. */
  readonly importance: Float64Array;
  /** The class most trees name. */
  classify(columns: BinnedColumns, row: number): number;
}

interface Node {
  readonly label: number;
  readonly split?: { readonly column: number; readonly bin: number; readonly left: Node; readonly right: Node };
}

/** Most bins of a column. */
export const maxBins = 64;
const trees = 10;
const maxDepth = 12;
const leastRows = 4;

/**
 * Bagged classification trees (Breiman et al. 1984, Breiman 1996): each is grown on a bootstrap sample by the split that
 * lowers the Gini impurity most among all columns and bins, so that a column of noise gets next to no importance.
 */
export function fitForest(
  data: BinnedColumns,
  labels: Int32Array,
  classes: number,
  options: { readonly rows: Int32Array; readonly key: Key },
): Forest {
  const importance = new Float64Array(data.columns.length);
  const grown = Array.from({ length: trees }, (_, t) => {
    const { rows } = options;
    const picks = uniformArray(foldIn(options.key, `tree/${t}`), rows.length);
    const drawn = Int32Array.from(rows, (_, i) => rows[Math.floor(picks[i]! * rows.length)]!);
    return grow(data, labels, classes, drawn, importance, 0);
  });
  const total = importance.reduce((sum, value) => sum + value, 0) || 1;
  return {
    importance: importance.map((value) => value / total),
    classify({ columns }, row) {
      const votes = new Float64Array(classes);
      for (let node of grown) {
        while (node.split) {
          const { column, bin, left, right } = node.split;
          node = columns[column]![row]! <= bin ? left : right;
        }
        votes[node.label]! += 1;
      }
      return votes.indexOf(Math.max(...votes));
    },
  };
}

function grow(
  data: BinnedColumns,
  labels: Int32Array,
  classes: number,
  rows: Int32Array,
  importance: Float64Array,
  depth: number,
): Node {
  const counts = new Float64Array(classes);
  for (const row of rows) counts[labels[row]!]! += 1;
  const most = Math.max(...counts);
  const label = counts.indexOf(most);
  if (depth === maxDepth || rows.length < leastRows || most === rows.length) return { label };
  const found = bestSplit(data, labels, rows, counts);
  if (!found) return { label };
  const { column, bin, gain } = found;
  importance[column]! += gain;
  const bins = data.columns[column]!;
  const side = (isLeft: boolean) =>
    grow(
      data,
      labels,
      classes,
      rows.filter((row) => bins[row]! <= bin === isLeft),
      importance,
      depth + 1,
    );
  return { label, split: { column, bin, left: side(true), right: side(false) } };
}

/** The split of largest gain: rows times the fall of the Gini impurity; undefined where none lowers it. */
function bestSplit({ columns }: BinnedColumns, labels: Int32Array, rows: Int32Array, counts: Float64Array) {
  const classes = counts.length;
  const purity = (held: Float64Array, size: number) => held.reduce((sum, n) => sum + n * n, 0) / size;
  const whole = purity(counts, rows.length);
  let best: { column: number; bin: number; gain: number } | undefined;
  const tally = new Float64Array(maxBins * classes);
  const [left, right] = [new Float64Array(classes), new Float64Array(classes)];
  columns.forEach((bins, column) => {
    tally.fill(0);
    for (const row of rows) tally[bins[row]! * classes + labels[row]!]! += 1;
    left.fill(0);
    right.set(counts);
    let size = 0;
    for (let bin = 0; bin < maxBins; bin++) {
      let moved = 0;
      for (let c = 0; c < classes; c++) {
        const n = tally[bin * classes + c]!;
        left[c]! += n;
        right[c]! -= n;
        moved += n;
      }
      size += moved;
      if (moved === 0 || size === rows.length) continue;
      const gain = purity(left, size) + purity(right, rows.length - size) - whole;
      if (gain > (best?.gain ?? 1e-9 * rows.length)) best = { column, bin, gain };
    }
  });
  return best;
}

/** Columns of row-major `data` cut at up to 63 quantiles of the values at `rows`; equal values stay together. */
export function binColumns(data: ArrayLike<number>, dim: number, rows: Int32Array): BinnedColumns {
  const count = data.length / dim;
  const columns = Array.from({ length: dim }, (_, j) => {
    const sorted = Float64Array.from(rows, (row) => data[row * dim + j]!).sort();
    const cuts = new Set<number>();
    for (let b = 1; b < maxBins; b++) {
      const at = Math.round((b * sorted.length) / maxBins);
      if (at > 0 && at < sorted.length && sorted[at]! > sorted[0]!) cuts.add(sorted[at]!);
    }
    const edges = Float64Array.from(cuts);
    return Uint8Array.from({ length: count }, (_, i) => {
      const value = data[i * dim + j]!;
      let [low, high] = [0, edges.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (edges[middle]! <= value) low = middle + 1;
        else high = middle;
      }
      return low;
    });
  });
  return { columns, rows: count };
}
