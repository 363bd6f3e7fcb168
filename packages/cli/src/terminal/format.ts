/** Lines of two or more columns, each as wide as its widest cell; the last is not padded. */
export function columns(rows: readonly (readonly string[])[], indent = ''): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map((row) => indent + row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  '))
    .join('\n');
}

/** A whole number with commas between thousands. */
export const count = (value: number): string => value.toLocaleString('en-US');

/** 75 → `1:15`, 4000 → `1:06:40`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [first, ...rest] = parts[0] === 0 ? parts.slice(1) : parts;
  return [String(first), ...rest.map((part) => String(part).padStart(2, '0'))].join(':');
}

/** A value with its standard error, two digits of the error shown: `-98.41 ± 0.25`. */
export function withError(value: number, standardError: number | undefined): string {
  if (standardError === undefined || !Number.isFinite(standardError) || standardError <= 0) return value.toFixed(2);
  const decimals = Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(standardError))));
  return `${value.toFixed(decimals)} ± ${standardError.toFixed(decimals)}`;
}
