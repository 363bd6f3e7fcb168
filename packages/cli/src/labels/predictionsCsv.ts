import { type ExampleSet, mostProbable, unknownTarget, writeCsv } from 'reparam';
import type { Predictor } from './predictor.ts';

/** Log-probabilities of classes, or logits of labels of yes or no, as probabilities. */
export const asProbabilities = (scores: Float32Array, kind: Predictor['kind']): Float32Array =>
  scores.map((value) => (kind === 'categorical' ? Math.exp(value) : 1 / (1 + Math.exp(-value))));

/**
 * Predictions as CSV, a row an example: of classes `predicted`, `label` where the set has labels, and a column for each class
 * (`p_` a probability, `score_` a margin); of labels of yes or no `predicted_`, `label_` and `p_` columns for each.
 */
export function predictionsCsv(
  { kind, numLabels, hasProbabilities }: Pick<Predictor, 'kind' | 'numLabels' | 'hasProbabilities'>,
  values: Float32Array,
  { size, labels, targets, classNames }: ExampleSet,
): string {
  const name = (k: number) => classNames?.[k] ?? String(k);
  const names = Array.from({ length: numLabels }, (_, k) => name(k));
  const numbers = writeCsv(values, numLabels).trimEnd().split('\n');
  const told = (label: number) => quote(label < 0 ? '' : name(label));
  const prefix = hasProbabilities ? 'p_' : 'score_';
  if (kind === 'categorical') {
    const found = mostProbable(values, numLabels);
    return lines(['predicted', ...(labels ? ['label'] : []), ...names.map((each) => prefix + each)], size, (row) => [
      told(found[row]!),
      ...(labels ? [told(labels[row]!)] : []),
      numbers[row]!,
    ]);
  }
  const own = targets?.size === numLabels ? targets.data : undefined;
  const columnsOf = (what: string) => names.map((each) => what + each);
  return lines([...columnsOf('predicted_'), ...(own ? columnsOf('label_') : []), ...columnsOf(prefix)], size, (row) => {
    const at = row * numLabels;
    const predicted = names.map((_, k) => (values[at + k]! > 0.5 ? '1' : '0'));
    const label = (value: number) => (value === unknownTarget ? '' : String(value));
    return [...predicted, ...(own ? names.map((_, k) => label(own[at + k]!)) : []), numbers[row]!];
  });
}

const lines = (head: readonly string[], rows: number, row: (i: number) => readonly string[]): string =>
  `${[head.map(quote), ...Array.from({ length: rows }, (_, i) => row(i))].map((cells) => cells.join(',')).join('\n')}\n`;

const quote = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
