import { many } from './folds.ts';
import { testShare } from './labelSplit.ts';
import { architectureFor } from './methods.ts';
import type { TableSettings } from './plan.ts';

/** What the table is, a sentence or two a paragraph: whoever reads a figure should know how it came about. */
export function notesOf({ data, budget, draws, methods, epochsScale, settings, shareModels }: TableSettings): string[] {
  const has = (...names: readonly string[]) => methods.some(({ name }) => names.includes(name));
  const { latentDim, networks, ofM2 } = architectureFor(data.shape);
  const labelled = budget === 'all' ? (1 - testShare) * (data.trainSize + data.testSize) : budget;
  return [
    budget === 'all'
      ? `All ${data.trainSize + data.testSize} images of ${data.name}, split 80 to 20 into training and test images by a permutation of its own for each draw; every training image has its label.`
      : `${data.name}: ${data.trainSize} training images, of which ${budget} have a label, equally many of each class, drawn anew for each draw; the labels of the others are hidden from training. ${data.testSize} test images, the data set’s own.`,
    `Mean ± standard error over ${draws} draw${draws === 1 ? '; one draw has none' : 's (sample deviation / √draws)'}. Test accuracy is inductive: on images that training never sees.${budget === 'all' ? '' : ' The accuracy on unlabelled training images is transductive: models that are trained on all images have seen these, without their labels.'} Log-loss: mean of −log p(label) in nats. Minutes: training of the model and of the classifier; a model that several cells use counts in each.`,
    `Validation rows are labelled training rows, ${labelled >= many ? 'a tenth of them' : 'each fifth of them in turn, so that no further labels are used'}: they choose the strength of logistic regression (least log-loss), with which it is fitted to all labelled rows${has('network') ? ', and the passes of the neural network' : ''}. Test labels are opened after the predictions are made.`,
    `Models have the encoder ${networks.join(', ')}, mirrored for the decoder, and ${latentDim} latent dimensions${budget === 'all' ? '; their learning rate rises over the first epoch' : ''}.${has('m2') ? ` M2 has ${ofM2.join(', ')}.` : ''}${has('network') ? ' The neural network has the encoder’s layers and a softmax layer.' : ''} Codes are of grey values.${budget === 'all' ? '' : withFewLabels(methods)}`,
    ...(has('vae', 'm1', 'm1-means') ? [codesNote(budget === 'all')] : []),
    ...(budget !== 'all' && draws > 1 && methods.some(({ model }) => model?.sees === 'images')
      ? [
          shareModels
            ? 'Models that see no labels (the VAE of M1 and below M1+M2, PCA) are trained once and serve every draw: their standard errors are over draws of labels, not over seeds of the model.'
            : 'Every draw has models of its own, with its own seed.',
        ]
      : []),
    ...(epochsScale === 1 && settings.length === 0
      ? []
      : [`Not the default lengths: ${[`epochs × ${epochsScale}`, ...settings].join(', ')}.`]),
    ...data.notes,
  ];
}

/** What models are given of their own where labels are few. */
const withFewLabels = (methods: TableSettings['methods']): string =>
  [...new Set(methods.flatMap(({ model }) => (model?.withFewLabels ? [model] : [])))]
    .map(({ preset, withFewLabels }) => ` ${preset} has ${withFewLabels!.join(', ')}.`)
    .join('');

const codesNote = (isAll: boolean): string =>
  isAll
    ? 'VAE and M1 codes are of the same VAE of all training images: row (c) is fitted to posterior means, row (d), M1 as described, to draws from the posteriors; its predictions are averaged over 10 draws.'
    : 'VAE codes (c): posterior means of a VAE trained on the labelled images alone. M1 codes (d): of a VAE trained on all training images, with and without label; fitted to 10 draws from each posterior and predictions averaged over 10 draws, as M1 is described; “posterior means” is the same VAE without the draws.';
