import { nodeRuntime } from '@reparam/tensor/node';
import { digits, featuresOf, labelledFeaturesOf, logisticRegression, probabilityFigures } from 'reparam';

const runtime = await nodeRuntime();
const test = digits('test');
const { features, labels } = labelledFeaturesOf(digits('train'));
const fitted = await logisticRegression({ strength: 1e-4 }).fit(features, labels, { numClasses: 10, runtime });
const { accuracy, logLoss } = probabilityFigures(await fitted.scores(featuresOf(test)), test.labels!, 10);
console.log(`accuracy ${accuracy.value.toFixed(3)}, log-loss ${logLoss.value.toFixed(3)} nats`);
