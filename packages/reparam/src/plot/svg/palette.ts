/**
 * Ten colours for series and classes, at least 3:1 against white, kept apart for normal and for red- and
 * green-blind sight (Machado 2009 matrices, distances in OKLab). The report replaces them by `darkPalette` on dark.
 */
export const palette = [
  '#1536ef',
  '#f2454f',
  '#0d9669',
  '#cb2ab2',
  '#5c2e8c',
  '#3b2d14',
  '#9f1959',
  '#a58da9',
  '#8f510d',
  '#4982ef',
] as const;

/** The counterparts of `palette`, at least 3:1 against the report's dark background. */
export const darkPalette = [
  '#0daaf2',
  '#bf7666',
  '#3fea94',
  '#f267c4',
  '#835eaa',
  '#616f0d',
  '#ca0d75',
  '#c6cdf2',
  '#aaaa22',
  '#0d5bf2',
] as const;

/** Colours of everything that is not data, on a white background. */
export const ink = {
  text: '#1c2024',
  muted: '#60646c',
  grid: '#e3e5e9',
  axis: '#8b8f97',
  background: '#ffffff',
} as const;

/** Fill or stroke of series `index`, with the class by which a page may restyle it. */
export const seriesColor = (index: number) => {
  const i = Math.abs(Math.trunc(index)) % palette.length;
  return { color: palette[i]!, fillClass: `rp-fill-${i}`, strokeClass: `rp-stroke-${i}` };
};
