import { type Float32Tensor, hostTensor } from '@reparam/tensor';
import { type ExampleParts, type ExampleScores, type ExampleSet, writeCsv } from 'reparam';

/** A column of numbers, one an example. */
export type ScoreColumn = keyof ExampleScores;

/** All sets below each other, a row an example. */
export function scoreTable(sets: readonly ExampleScores[], names: readonly ScoreColumn[]) {
  const all: ScoreColumn[] = [...names];
  if (sets[0]!.standardError) all.splice(1, 0, 'standardError');
  const rows = sets.flatMap((scores) =>
    Array.from({ length: scores.elbo.length }, (_, i) => all.map((name) => scores[name]![i]!)),
  );
  return { columns: all, values: hostTensor(Float64Array.from(rows.flat()), [rows.length, all.length]) };
}

/** The table as CSV, with the name of its set before each row. */
export function scoreCsv(table: ReturnType<typeof scoreTable>, sets: readonly ExampleSet[]): string {
  const [header, ...lines] = writeCsv(table.values.data as Float64Array, table.columns.length, table.columns)
    .trimEnd()
    .split('\n');
  const names = sets.flatMap(({ name, size }) => Array<string>(size).fill(name));
  const quoted = (name: string) => (/[",\n\r]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
  return `${[`dataset,${header}`, ...lines.map((line, i) => `${quoted(names[i]!)},${line}`)].join('\n')}\n`;
}

/** How many columns of the parts are of values and of latent dimensions. */
export const partWidths = ({ logLikelihood, kl }: ExampleParts) => ({
  partsOfValues: logLikelihood?.shape[1] ?? 0,
  partsOfDimensions: kl?.shape[1] ?? 0,
});

/** The parts of all sets below each other: values first, then dimensions. */
export function partsTable(sets: readonly ExampleParts[]): Float32Tensor {
  const rows = sets.flatMap(({ logLikelihood, kl }) => {
    const present = [logLikelihood, kl].filter((part) => part !== undefined);
    return Array.from({ length: present[0]!.shape[0]! }, (_, i) =>
      present.map(({ data, shape }) => data.subarray(i * shape[1]!, (i + 1) * shape[1]!)),
    );
  });
  const width = rows[0]!.reduce((sum, { length }) => sum + length, 0);
  const data = new Float32Array(rows.length * width);
  let at = 0;
  for (const part of rows.flat()) {
    data.set(part, at);
    at += part.length;
  }
  return hostTensor(data, [rows.length, width]);
}
