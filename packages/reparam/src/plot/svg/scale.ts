/** A straight map from data to pixels, with the round numbers that mark its axis. */
export interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
}

/** Whether a chart can show `value`: finite, and far enough from the largest number to compute with. */
export const isDrawable = (value: number): boolean => Math.abs(value) <= 1e300;

/** Smallest and largest drawable value; [0, 1] when there is none. */
export function extent(values: Iterable<number>): [low: number, high: number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!isDrawable(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

/** A scale from [low, high], widened to ticks (multiples of 1, 2 or 5 times a power of ten, `about` so many), to `range` pixels. */
export function linearScale(
  [low, high]: readonly [number, number],
  range: readonly [number, number],
  about = 6,
  whole = false,
): Scale {
  const size = Math.max(Math.abs(low), Math.abs(high));
  const margin = high - low <= 1e-9 * size + 1e-290 ? Math.max(size * 0.1, 1e-3) : 0;
  const step = Math.max(whole ? 1 : 0, niceStep((high - low + 2 * margin) / about));
  const first = Math.floor((low - margin) / step + 1e-9);
  const last = Math.ceil((high + margin) / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  const map = (value: number) => range[0] + ((value / step - first) / (last - first)) * (range[1] - range[0]);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Object.assign(map, { ticks, format: (value: number) => formatNumber(value, Math.min(decimals, 12)) });
}

/** A scale of logarithms from [low, high], both positive, widened to powers of ten, to `range` pixels. */
export function logScale([low, high]: readonly [number, number], range: readonly [number, number], about = 6): Scale {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log10(high) - 1e-9));
  const every = Math.max(1, Math.ceil((last - first) / about));
  const ticks = Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, i) => 10 ** (first + i * every));
  const map = (value: number) =>
    range[0] + ((Math.log10(Math.max(value, 10 ** first)) - first) / (last - first)) * (range[1] - range[0]);
  const format = (value: number) => {
    const power = Math.round(Math.log10(value));
    return Math.abs(power) > 6 ? `1e${power}` : formatNumber(value, Math.max(0, -power));
  };
  return Object.assign(map, { ticks, format });
}

/** A number with a true minus sign, thousands apart by commas and a fixed count of decimals. */
export function formatNumber(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : value < 0 ? '−∞' : '∞';
  if (Math.abs(value) >= 1e15) return value.toExponential(2).replace('-', '−');
  const [whole, fraction] = Math.abs(value).toFixed(decimals).split('.') as [string, string?];
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const text = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

function niceStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  const multiple = raw / power - 1e-9; // 5.000000001 is 5
  return (multiple <= 1 ? 1 : multiple <= 2 ? 2 : multiple <= 5 ? 5 : 10) * power;
}
