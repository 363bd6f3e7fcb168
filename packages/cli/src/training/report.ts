import { join } from 'node:path';
import type { Runtime } from '@reparam/tensor';
import { type Evaluation, greyWarning } from 'reparam';
import { type JsonRecord, writeFileAtomic } from 'reparam/io/node';
import { type EpochTerms, type ReportFigure, type ReportPicture, reportHtml, type TestFigure } from 'reparam/plot';
import { someInMemory } from '../data.ts';
import type { LabelFigures } from '../labels/classify.ts';
import { classTable, confusionFigure, labelTestFigures } from '../labels/figures.ts';
import { describeObjective } from '../run/boundNames.ts';
import { environmentOf } from '../run/checkpoint.ts';
import { exactName, likelihoodName, ownFigure } from '../run/figures.ts';
import { runFiles } from '../run/folder.ts';
import type { Prepared } from './prepare.ts';

/** What the report shows besides the configuration. */
export interface ReportParts {
  readonly prepared: Prepared;
  readonly evaluation: Evaluation;
  /** Figures of predicted labels, where the run predicts some. */
  readonly labels: LabelFigures | undefined;
  readonly metrics: readonly JsonRecord[];
  readonly pictures: readonly ReportPicture[];
  readonly figures: readonly ReportFigure[];
  /** Posterior means of the test set. */
  readonly codes: Float32Array;
  readonly activeUnits: readonly number[];
  readonly runtime: Runtime;
}

/** Writes report.html. */
export async function writeReport(folder: string, parts: ReportParts): Promise<void> {
  const { prepared, evaluation, metrics, pictures, figures, codes, activeUnits, runtime } = parts;
  const predicted = parts.labels;
  const { config, recipe, train, test } = prepared;
  const { model, warnings, fitOptions } = recipe;
  const { labels, classNames } = someInMemory(test);
  const html = reportHtml({
    title: `${config.preset} on ${config.data.name}`,
    objective: `Maximised: ${describeObjective(model, fitOptions.objective!)}. Nats per example, summed over its ${train.shape.join('×')} values.`,
    dataset: `${config.data.name}, ${train.size} training and ${test.size} test examples, binarisation ${fitOptions.binarization}${(train.notes ?? []).map((note) => `. ${note}`).join('')}`,
    preset: config.preset,
    warnings,
    test: [
      ...figuresOf(evaluation, model.latentDim, !warnings.includes(greyWarning)),
      ...(predicted ? labelTestFigures(predicted) : []),
    ],
    ...(predicted && { tables: [classTable(predicted)] }),
    history: metrics as unknown as EpochTerms[],
    bound: evaluation.bound,
    klPerDimension: evaluation.klPerDimension ?? [],
    activeUnits,
    latent: { codes, dim: model.latentDim, ...(labels && { labels }), ...(classNames && { classNames }) },
    pictures,
    figures: [...(predicted ? confusionFigure(predicted) : []), ...figures],
    config: { ...config, parts: model.describe() },
    environment: { ...environmentOf(runtime) },
  });
  await writeFileAtomic(join(folder, runFiles.report), html);
}

function figuresOf(evaluation: Evaluation, latentDim: number, isLikelihood: boolean): TestFigure[] {
  const { elbo, rate, distortion, logLikelihood, numSamples, activeUnits, unit, bound, quantity } = evaluation;
  return [
    {
      name: bound === 'exact' ? capital(exactName(evaluation)) : elboNames[bound],
      ...elbo,
      unit,
      meaning: `${evaluation.figures?.logitLogLikelihood ? 'exact for pixels with uniform noise, a lower bound for the pixels; higher is better' : elboMeanings[bound]}${quantity === 'density' ? '; a density: depends on the scale of the data' : ''}`,
    },
    ...(bound === 'lower'
      ? [
          {
            name: 'Rate',
            ...rate,
            unit,
            meaning: evaluation.figures?.classRate
              ? 'KL(q(z|x,y) ‖ p(z)) averaged over q(y|x), and the part about y'
              : 'KL(q(z|x) ‖ p(z))',
          },
          { name: 'Distortion', ...distortion, unit, meaning: 'minus E log p(x|z)' },
        ]
      : []),
    ...Object.entries(evaluation.figures ?? {}).map(([key, figure]) => {
      const { name, meaning } = ownFigure(key);
      return { name: capital(name), ...figure, unit, ...(meaning !== undefined && { meaning }) };
    }),
    ...(logLikelihood && bound === 'lower'
      ? [
          {
            name: capital(likelihoodName(numSamples, isLikelihood)),
            ...logLikelihood,
            unit,
            meaning: isLikelihood
              ? 'importance-sampled; higher is better'
              : 'compares with nothing measured on binary data',
          },
        ]
      : []),
    ...(evaluation.bitsPerDimension
      ? [
          {
            name: 'Bits per dimension',
            ...evaluation.bitsPerDimension,
            unit: 'bits/value',
            meaning: 'what a code for the bytes would take; lower is better',
          },
        ]
      : []),
    ...(bound === 'exact'
      ? []
      : [
          {
            name: 'Active units',
            value: activeUnits,
            unit: `of ${latentDim} dimensions`,
            meaning: 'posterior mean varies by more than 0.01',
          },
        ]),
  ];
}

/** What the first figure is called. */
const elboNames = { lower: 'ELBO', none: 'Reconstruction log-likelihood' } as const;

/** What the first figure means. */
const elboMeanings: Readonly<Record<Evaluation['bound'], string>> = {
  lower: 'lower bound on the log-likelihood; higher is better',
  exact: 'no bound but the value itself; higher is better',
  none: 'log p(x|z) at the code of x: an autoencoder bounds no likelihood, and has no rate',
};

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);
