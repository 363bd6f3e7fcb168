import { ReparamError } from '@reparam/tensor';
import { type Estimate, estimate } from './statistics.ts';

/** Figures of predicted classes. Rows without a label (−1) are in none of them. */
export interface ClassificationFigures {
  /** Labelled rows. */
  readonly rows: number;
  /** Share of rows whose class is the predicted one. */
  readonly accuracy: Estimate;
  /** [K]: of the rows of each class, the share predicted right; NaN for a class without rows. */
  readonly classAccuracy: Float64Array;
  /** [K, K], row-major: rows of class i predicted as j at i·K + j. */
  readonly confusion: Int32Array;
}

/** Figures of predicted probabilities. */
export interface ProbabilityFigures extends ClassificationFigures {
  /** Mean of −log p(label), nats; ∞ when a label has probability 0. */
  readonly logLoss: Estimate;
  /**
   * Expected calibration error (Guo et al. 2017): rows fall by the probability of their predicted class into
   * `calibrationBins` equal bins (0, 1/m], (1/m, 2/m], …; mean over rows of |accuracy − mean probability| of their bin.
   */
  readonly calibrationError: number;
  readonly calibrationBins: number;
}

/** Figures of predicted classes [N] against `labels` [N]. Throws `shape` when their numbers differ, `data` without a labelled row. */
export function classificationFigures(
  predicted: Int32Array,
  labels: Int32Array,
  numClasses: number,
): ClassificationFigures {
  requireRows(predicted.length, labels.length, 'predictions');
  const confusion = new Int32Array(numClasses * numClasses);
  const hits: number[] = [];
  labels.forEach((label, row) => {
    if (label < 0) return;
    const found = predicted[row]!;
    for (const [what, value] of [
      ['label', label],
      ['prediction', found],
    ] as const) {
      if (value < 0 || value >= numClasses) {
        throw new ReparamError('data', `no such class as a ${what}`, {
          got: `${value} at row ${row}`,
          expected: `0 to ${numClasses - 1}`,
        });
      }
    }
    confusion[label * numClasses + found]!++;
    hits.push(found === label ? 1 : 0);
  });
  requireLabels(hits.length);
  const classAccuracy = Float64Array.from({ length: numClasses }, (_, k) => {
    const own = confusion.subarray(k * numClasses, (k + 1) * numClasses);
    return own[k]! / own.reduce((a, b) => a + b, 0);
  });
  return { rows: hits.length, accuracy: estimate(hits), classAccuracy, confusion };
}

/** Figures of log-probabilities [N, K] against `labels` [N]; the predicted class is the most probable one, the first of equals. */
export function probabilityFigures(
  logProbs: Float32Array | Float64Array,
  labels: Int32Array,
  numClasses: number,
  calibrationBins = 15,
): ProbabilityFigures {
  requireRows(logProbs.length / numClasses, labels.length, 'rows of log-probabilities');
  const predicted = mostProbable(logProbs, numClasses);
  const figures = classificationFigures(predicted, labels, numClasses);
  const losses: number[] = [];
  const gaps = new Float64Array(calibrationBins);
  labels.forEach((label, row) => {
    if (label < 0) return;
    losses.push(-logProbs[row * numClasses + label]!);
    const confidence = Math.exp(logProbs[row * numClasses + predicted[row]!]!);
    const bin = Math.min(calibrationBins - 1, Math.max(0, Math.ceil(confidence * calibrationBins) - 1));
    gaps[bin]! += (predicted[row] === label ? 1 : 0) - confidence;
  });
  const calibrationError = gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / figures.rows;
  return { ...figures, logLoss: estimate(losses), calibrationError, calibrationBins };
}

/** Column of the largest score of each row of [N, K], the first of equals. */
export function mostProbable(scores: Float32Array | Float64Array, numClasses: number): Int32Array {
  return Int32Array.from({ length: scores.length / numClasses }, (_, row) => {
    let best = 0;
    for (let k = 1; k < numClasses; k++) {
      if (scores[row * numClasses + k]! > scores[row * numClasses + best]!) best = k;
    }
    return best;
  });
}

/** Figures of several labels of yes or no a row. */
export interface BinaryLabelFigures {
  /** Rows with a label at least. */
  readonly rows: number;
  /** Mean over rows of the share of their labels that are predicted right (probability above a half: yes). */
  readonly accuracy: Estimate;
  /** [L]: the share of rows predicted right, for each label; NaN for one that no row has. */
  readonly labelAccuracy: Float64Array;
  /** Mean over rows of the mean over their labels of −log p(label), nats. */
  readonly logLoss: Estimate;
}

/**
 * Figures of `numLabels` Bernoulli labels a row, from logits [N, L] and labels [N, L] of 0, 1 or −1 (missing: that entry
 * is in no figure).
 */
export function binaryLabelFigures(
  logits: Float32Array | Float64Array,
  labels: ArrayLike<number>,
  numLabels: number,
): BinaryLabelFigures {
  requireRows(logits.length / numLabels, labels.length / numLabels, 'rows of logits');
  const [right, counts] = [new Float64Array(numLabels), new Float64Array(numLabels)];
  const [accuracies, losses]: [number[], number[]] = [[], []];
  for (let row = 0; row < logits.length / numLabels; row++) {
    let [known, hits, loss] = [0, 0, 0];
    for (let l = 0; l < numLabels; l++) {
      const [label, logit] = [labels[row * numLabels + l]!, logits[row * numLabels + l]!];
      if (label < 0) continue;
      const hit = logit > 0 === label > 0.5 ? 1 : 0;
      known++;
      hits += hit;
      right[l]! += hit;
      counts[l]!++;
      loss += Math.max(0, logit) - logit * label + Math.log1p(Math.exp(-Math.abs(logit)));
    }
    if (known === 0) continue;
    accuracies.push(hits / known);
    losses.push(loss / known);
  }
  requireLabels(accuracies.length);
  return {
    rows: accuracies.length,
    accuracy: estimate(accuracies),
    labelAccuracy: right.map((count, l) => count / counts[l]!),
    logLoss: estimate(losses),
  };
}

function requireRows(got: number, expected: number, what: string): void {
  if (got === expected) return;
  throw new ReparamError('shape', `${what} do not match the labels`, { got: `${got}`, expected: `${expected}` });
}

function requireLabels(rows: number): void {
  if (rows > 0) return;
  throw new ReparamError('data', 'no row has a label', { fix: 'Measure on a set with labels' });
}
