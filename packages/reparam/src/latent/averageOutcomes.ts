/**
 * The logarithm of the mean of probabilities: of log-probabilities of classes as such, of logits of labels that are 0 or 1 as
 * the logit of their mean probability. All draws are of one length; a single one is returned as it is.
 */
export function averageOutcomes(draws: readonly Float32Array[], kind: 'categorical' | 'bernoulli'): Float32Array {
  if (draws.length === 1) return draws[0]!;
  return Float32Array.from({ length: draws[0]!.length }, (_, i) => {
    const values = draws.map((draw) => draw[i]!);
    if (kind === 'categorical') return logSumExp(values) - Math.log(draws.length);
    return logSumExp(values.map(logSigmoid)) - logSumExp(values.map((value) => logSigmoid(-value)));
  });
}

function logSumExp(values: readonly number[]): number {
  const most = Math.max(...values);
  if (most === Number.NEGATIVE_INFINITY) return most;
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

const logSigmoid = (value: number): number => Math.min(0, value) - Math.log1p(Math.exp(-Math.abs(value)));
