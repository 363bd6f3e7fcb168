import { independent, orderedCategorical } from '../distributions/index.ts';
import type { Likelihood } from './likelihood.ts';
import { insideUnit, parameterRows } from './outputs.ts';

const levels = 256;

/**
 * A probability of its own for each of the 256 values of a byte; the decoder gives 256 logits a value. Assumes nothing of the shape
 * of p(x given z), and costs 256 outputs a value: for small images.
 */
export const categoricalLikelihood = (): Likelihood => ({
  description: 'categorical, 256 values',
  support: 'byte',
  outputsPerValue: levels,
  init: () => ({}),
  /** Uniform over the bytes, plus as much mass at 0 or at 255 as moves the mean to that of the data. */
  initialBias(dataMean) {
    const bias = new Float32Array(levels * dataMean.length);
    insideUnit(dataMean, 1e-3).forEach((mean, i) => {
      const spread = 2 * Math.min(mean, 1 - mean);
      const end = mean < 0.5 ? 0 : levels - 1;
      for (let k = 0; k < levels; k++) {
        const mass = spread / levels + (k === end ? 1 - spread : 0);
        bias[k * dataMean.length + i] = Math.log(mass * levels);
      }
    });
    return bias;
  },
  distribution: (_, output) => independent(orderedCategorical({ logits: parameterRows(output, levels) })),
});
