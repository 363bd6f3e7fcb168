import { type HostTensor, hostTensor, ReparamError, type Runtime } from '@reparam/tensor';
import { momentsOn, principalAxes } from '../classical/index.ts';
import { branch, type HostParams } from '../params.ts';
import type { Classifier, Features, FittedClassifier } from './classifier.ts';
import { checkFeatures } from './features.ts';

/** A map of features that is learnt from the rows a classifier is fitted to, and applied to any others. */
export interface Preprocessing {
  readonly name: string;
  /** What `apply` needs; learnt without labels, from all rows. */
  fit(features: Features, options: { runtime: Runtime }): Promise<HostParams>;
  /** The mapped rows, float32. Throws `shape` when their width is not that of the rows it was learnt from. */
  apply(params: HostParams, features: Features): Features;
}

/** (x − mean) / deviation of each column, by the moments of the rows it was learnt from; a column that never varies becomes 0. */
export const standardise = (): Preprocessing => ({
  name: 'standardised',
  async fit(features) {
    const { data, rows, columns, scale = 1 } = checkFeatures(features);
    const [mean, squares] = [new Float64Array(columns), new Float64Array(columns)];
    data.forEach((value, at) => {
      mean[at % columns]! += (value * scale) / rows;
    });
    data.forEach((value, at) => {
      squares[at % columns]! += (value * scale - mean[at % columns]!) ** 2 / rows;
    });
    return { mean: hostTensor(mean, [columns]), deviation: hostTensor(squares.map(Math.sqrt), [columns]) };
  },
  apply(params, features) {
    const [mean, deviation] = [numbers(params, 'mean'), numbers(params, 'deviation')];
    const { data, rows, columns, scale = 1 } = checkFeatures(features, mean.length);
    const out = new Float32Array(data.length);
    for (let at = 0; at < data.length; at++) {
      const j = at % columns;
      // Rounding leaves a constant column a deviation of its last digits.
      const varies = deviation[j]! > 1e-7 * Math.abs(mean[j]!);
      out[at] = varies ? (data[at]! * scale - mean[j]!) / deviation[j]! : 0;
    }
    return { data: out, rows, columns };
  },
});

/** Coordinates on the first `dim` principal axes of the rows it was learnt from, with their mean taken out. */
export const principalCodes = (dim: number): Preprocessing => ({
  name: `${dim} principal components`,
  async fit(features, { runtime }) {
    const { columns } = checkFeatures(features);
    if (!(Number.isInteger(dim) && dim >= 1 && dim <= columns)) {
      throw new ReparamError('config', 'bad number of principal components', {
        got: `${dim} of ${columns} dimensions`,
        expected: `an integer from 1 to ${columns}`,
      });
    }
    const { mean, axes } = principalAxes(await momentsOn(runtime, features), dim);
    return { mean: hostTensor(mean, [columns]), axes: hostTensor(axes.slice(0, dim * columns), [dim, columns]) };
  },
  apply(params, features) {
    const [mean, axes] = [numbers(params, 'mean'), numbers(params, 'axes')];
    const { data, rows, columns, scale = 1 } = checkFeatures(features, mean.length);
    const out = new Float32Array(rows * dim);
    const centre = Float64Array.from({ length: dim }, (_, k) => {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += axes[k * columns + j]! * mean[j]!;
      return sum;
    });
    const sums = new Float64Array(dim);
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < dim; k++) {
        sums[k] = 0;
        for (let j = 0; j < columns; j++) sums[k]! += data[row * columns + j]! * axes[k * columns + j]!;
        out[row * dim + k] = sums[k]! * scale - centre[k]!;
      }
    }
    return { data: out, rows, columns: dim };
  },
});

function numbers(params: HostParams, name: string): Float32Array {
  const tensor = params[name] as HostTensor | undefined;
  if (tensor?.data) return tensor.data as Float32Array;
  throw new ReparamError('data', 'not the parameters of this preprocessing', { expected: name });
}

/**
 * A classifier of mapped features: the map is learnt from the features that `fit` is given, with and without labels, and
 * kept among the parameters.
 */
export function preprocessed(preprocessing: Preprocessing, classifier: Classifier): Classifier {
  const wrap = (map: HostParams, inner: FittedClassifier, numFeatures: number): FittedClassifier => ({
    numClasses: inner.numClasses,
    numFeatures,
    params: { preprocessing: map, classifier: inner.params },
    figures: inner.figures,
    hasProbabilities: inner.hasProbabilities,
    scores: (features) => inner.scores(preprocessing.apply(map, features)),
    predict: (features) => inner.predict(preprocessing.apply(map, features)),
  });
  const widthOf = (map: HostParams) => numbers(map, 'mean').length;
  return {
    name: classifier.name,
    description: `${classifier.description}, of ${preprocessing.name}`,
    async fit(features, labels, options) {
      const map = await preprocessing.fit(features, options);
      const { validation } = options;
      const inner = await classifier.fit(preprocessing.apply(map, features), labels, {
        ...options,
        ...(validation && {
          validation: { ...validation, features: preprocessing.apply(map, validation.features) },
        }),
      });
      return wrap(map, inner, widthOf(map));
    },
    restore(params, options) {
      if (!params.preprocessing || !params.classifier) {
        throw new ReparamError('data', 'not the parameters of a classifier with preprocessing', {
          got: Object.keys(params).join(', ') || 'nothing',
          expected: 'preprocessing and classifier',
        });
      }
      const map = branch(params, 'preprocessing');
      return wrap(map, classifier.restore(branch(params, 'classifier'), options), widthOf(map));
    },
  };
}
