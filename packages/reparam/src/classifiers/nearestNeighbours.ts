import { type HostTensor, hostTensor, ReparamError, type Runtime } from '@reparam/tensor';
import { mostProbable } from '../metrics/index.ts';
import type { HostParams } from '../params.ts';
import type { Classifier, Features, FittedClassifier } from './classifier.ts';
import { labelledRows } from './features.ts';
import { nearestByProducts } from './neighbours.ts';

/** Options of the nearest-neighbour classifier. */
export interface NearestNeighboursOptions {
  /** How many neighbours vote; default 1. */
  readonly k?: number;
}

/**
 * Majority of the `k` labelled rows nearest by Euclidean distance, found exactly; of classes with equally many votes, the
 * one of the nearest row. Scores are votes, plus less than one that settles ties. Its parameters are the rows.
 */
export function nearestNeighbours({ k = 1 }: NearestNeighboursOptions = {}): Classifier {
  if (!Number.isInteger(k) || k < 1) {
    throw new ReparamError('config', 'bad number of neighbours', { got: `${k}`, expected: 'a whole number from 1' });
  }
  return {
    name: 'nearest-neighbours',
    description: k === 1 ? 'nearest neighbour' : `${k} nearest neighbours`,
    async fit(features, labels, { numClasses, runtime, onProgress }) {
      const known = labelledRows(features, labels, numClasses);
      const { data, rows, columns, scale = 1 } = known.features;
      if (k > rows) {
        throw new ReparamError('config', 'more neighbours than labelled rows', {
          got: `${k} of ${rows}`,
          expected: `1 to ${rows}`,
        });
      }
      onProgress?.(1);
      const params = {
        rows: hostTensor(data, [rows, columns]),
        labels: hostTensor(known.labels, [rows]),
        scale: hostTensor(Float64Array.of(scale), []),
        numClasses: hostTensor(Int32Array.of(numClasses), []),
      };
      return fitted(params, k, runtime, { rows, k });
    },
    restore: (params, { runtime }) => fitted(params, k, runtime, {}),
  };
}

function fitted(
  params: HostParams,
  k: number,
  runtime: Runtime,
  figures: Readonly<Record<string, number>>,
): FittedClassifier {
  const { rows, labels, scale, numClasses: classes } = params as Readonly<Record<string, HostTensor | undefined>>;
  if (!labels || rows?.shape.length !== 2 || labels.shape[0] !== rows.shape[0] || !scale || !classes) {
    throw new ReparamError('data', 'not the parameters of a nearest-neighbour classifier', {
      got: Object.keys(params).join(', ') || 'nothing',
      expected: 'rows [N, features], labels [N], scale and numClasses',
    });
  }
  const [count, columns] = rows.shape as [number, number];
  const labelOf = labels.data as Int32Array;
  const numClasses = Number(classes.data[0]);
  const stored = { data: rows.data as Features['data'], rows: count, columns, scale: Number(scale.data[0]) };
  const scores = async (features: Features): Promise<Float32Array> => {
    const { indices } = await nearestByProducts(features, stored, k, { runtime });
    const votes = new Float32Array(features.rows * numClasses);
    indices.forEach((place, at) => {
      const own = Math.floor(at / k) * numClasses + labelOf[place]!;
      // The first vote of a class brings the more, the nearer it is, and never as much as a vote.
      if (votes[own] === 0) votes[own] = 1 / (2 + (at % k));
      votes[own]! += 1;
    });
    return votes;
  };
  return {
    numClasses,
    numFeatures: columns,
    params,
    figures,
    hasProbabilities: false,
    scores,
    predict: async (features) => mostProbable(await scores(features), numClasses),
  };
}
