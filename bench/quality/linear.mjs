/**
 * Test accuracy of the classical classifiers on pixels and on principal components. The strength of the penalty is chosen by the
 * log-loss (SVM: the accuracy) on 10,000 training images drawn as validation set, then all 60,000 are fitted; the test set
 * is looked at once.
 *
 *   npm run build && node bench/quality/linear.mjs [--quick] [row …]
 *
 * A row takes a few minutes on one thread. With --quick: the bundled digits, two strengths.
 */
import { join } from 'node:path';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  classificationFigures,
  featuresOf,
  joinRows,
  labelledFeaturesOf,
  linearSvm,
  logisticRegression,
  nearestNeighbours,
  principalCodes,
  probabilityFigures,
  splitValidation,
  strengthByRows,
} from 'reparam';
import { openDataset } from 'reparam/data/node';
import { job, once, quick, report } from './runs.mjs';

const all = [
  { name: 'mnist', set: 'mnist', family: logisticRegression, expected: '92.6 ± 0.2' },
  { name: 'fashion-mnist', set: 'fashion-mnist', family: logisticRegression, expected: '84.5 ± 0.3' },
  { name: 'mnist-pca-20', set: 'mnist', family: logisticRegression, components: 20, expected: '88.0 ± 0.3' },
  { name: 'mnist-svm', set: 'mnist', family: linearSvm },
  { name: 'mnist-nearest', set: 'mnist', classifier: nearestNeighbours() },
];
const strengths = quick ? [1e-2, 1e-4] : [1e-3, 1e-4, 1e-5];

async function measure({ set, family, classifier, components }) {
  const name = quick ? 'digits' : set;
  const started = performance.now();
  const [whole, test] = [await openDataset(name, { split: 'train' }), await openDataset(name, { split: 'test' })];
  const runtime = await nodeRuntime({ threads: 1 });
  const axes = components && principalCodes(components);
  const map = await axes?.fit(featuresOf(whole), { runtime });
  const rowsOf = (dataset) => {
    const { features, labels } = labelledFeaturesOf(dataset);
    return { features: axes ? axes.apply(map, features) : features, labels };
  };
  const [train, validation] = Object.values(splitValidation(whole, quick ? 0.2 : 10_000)).map(rowsOf);
  const options = { numClasses: 10, runtime };
  const unseen = rowsOf(test);
  let fitted;
  if (family) {
    const chosen = strengthByRows(family, { strengths, fitsToValidation: true });
    fitted = await chosen.fit(train.features, train.labels, { ...options, validation });
  } else {
    const { features, labels } = joinRows(train, validation);
    fitted = await classifier.fit(features, labels, options);
  }
  const figures = fitted.hasProbabilities
    ? probabilityFigures(await fitted.scores(unseen.features), unseen.labels, 10)
    : classificationFigures(await fitted.predict(unseen.features), unseen.labels, 10);
  return {
    ...fitted.figures,
    description: `${(family?.({ strength: fitted.figures.strength }) ?? classifier).description}${axes ? `, of ${axes.name}` : ''}`,
    accuracy: figures.accuracy,
    logLoss: figures.logLoss,
    calibrationError: figures.calibrationError,
    seconds: (performance.now() - started) / 1000,
  };
}

const percent = (value) => (100 * value).toFixed(2);
const { folder, rows } = job('linear', all);
const results = [];
for (const row of rows) {
  process.stderr.write(`${row.name}\n`);
  const found = await once(join(folder, `${row.name}.json`), () => measure(row));
  results.push({
    row: row.name,
    classifier: found.description,
    'test accuracy, %': `${percent(found.accuracy.value)} ± ${percent(found.accuracy.standardError)}`,
    expected: row.expected,
    'log-loss': found.logLoss?.value.toFixed(4),
    'calibration error': found.calibrationError?.toFixed(4),
    iterations: found.iterations,
  });
}
report(
  folder,
  ['row', 'classifier', 'test accuracy, %', 'expected', 'log-loss', 'calibration error', 'iterations'],
  results,
);
