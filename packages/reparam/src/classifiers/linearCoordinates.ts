import type { Features } from './classifier.ts';

/** Coordinates of weights [K, D] and bias [K], one after the other, in which a loss is less of a narrow valley. */
export interface Coordinates {
  /** Weights and bias at a point. */
  toModel(point: Float64Array): Float64Array;
  /** The gradient by the coordinates, from that by weights and bias. */
  fromModel(gradient: Float64Array): Float64Array;
}

/** Rows that the mean is estimated from: with any other vector the result would be the same, only later. */
const sampleRows = 2000;

/**
 * The weights as they are, and the bias as it would be for features with their mean m taken out: b + W·m. The scores stay the
 * same, and so does a penalty of the weights; pixels, which are all positive, take a third of the iterations.
 */
export function centredCoordinates(features: Features, numClasses: number): Coordinates {
  const { columns } = features;
  const mean = sampledMean(features);
  const weightCount = columns * numClasses;
  return {
    toModel(point) {
      const model = point.slice();
      for (let k = 0, at = 0; k < numClasses; k++) {
        for (let j = 0; j < columns; j++, at++) model[weightCount + k]! -= mean[j]! * point[at]!;
      }
      return model;
    },
    fromModel(gradient) {
      const own = gradient.slice();
      for (let k = 0, at = 0; k < numClasses; k++) {
        for (let j = 0; j < columns; j++, at++) own[at]! -= mean[j]! * gradient[weightCount + k]!;
      }
      return own;
    },
  };
}

function sampledMean({ data, rows, columns, scale = 1 }: Features): Float64Array {
  const count = Math.min(rows, sampleRows);
  const mean = new Float64Array(columns);
  for (let i = 0; i < count; i++) {
    const from = Math.floor((i * rows) / count) * columns;
    for (let j = 0; j < columns; j++) mean[j]! += (data[from + j]! * scale) / count;
  }
  return mean;
}
