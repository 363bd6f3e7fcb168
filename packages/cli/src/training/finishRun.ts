import { join } from 'node:path';
import type { Runtime } from '@reparam/tensor';
import { evaluate, greyWarning, type HostParams, withToldClasses } from 'reparam';
import { writeSafetensors } from 'reparam/io';
import { readJsonl, writeFileAtomic } from 'reparam/io/node';
import type { Output, Session } from '../app.ts';
import { readClassifier, writeClassifier } from '../labels/classifierFile.ts';
import { measureLabels } from '../labels/classify.ts';
import { fitClassifier } from '../labels/fitClassifier.ts';
import { codePredictor, modelPredictor, type Predictor } from '../labels/predictor.ts';
import { collapseNote } from '../run/collapse.ts';
import { testJson, testTable } from '../run/figures.ts';
import { runFiles } from '../run/folder.ts';
import { summarize } from '../run/summary.ts';
import { asFloat32, named } from '../run/weights.ts';
import { type ArtifactContext, drawPictures, figuresOf, writeOnnx } from './artifacts.ts';
import type { Prepared } from './prepare.ts';
import { writeReport } from './report.ts';

/**
 * Writes all that a trained run holds: weights, a classifier of codes, ONNX models, figures of the test set, pictures, report. evaluation.json
 * comes last: with it the run is complete.
 */
export async function finishRun(
  session: Session,
  folder: string,
  prepared: Prepared,
  trained: HostParams,
  runtime: Runtime,
): Promise<Output> {
  const { config, recipe, test } = prepared;
  const { model, warnings, fitOptions } = recipe;
  const signal = session.interruptible();
  const params = asFloat32(trained);
  const metrics = await readJsonl(join(folder, runFiles.metrics));
  const metadata = { preset: config.preset, data: config.data.name, epochs: String(metrics.length) };
  await writeFileAtomic(join(folder, runFiles.model), writeSafetensors(named(params), metadata));
  const predictor = await predictorOf(session, folder, prepared, params, runtime);
  const context: ArtifactContext = { prepared, params, runtime, signal };
  await writeOnnx(folder, context, predictor?.ofCodes);

  const { numSamples } = config.evaluation;
  const { binarization = 'none' } = fitOptions;
  const { seed } = config.training;
  const started = performance.now();
  const evaluation = await evaluate(model, params, test, {
    runtime,
    numSamples,
    seed,
    binarization,
    signal,
    onProgress: (share) => session.bar.update(share, 'evaluating on the test set', `${Math.round(100 * share)} %`),
  });
  const labels = predictor && (await measureLabels(predictor, test, { runtime, seed, binarization, signal }));
  session.say(`evaluated ${test.size} test examples in ${((performance.now() - started) / 1000).toFixed(1)} s`);

  const told = await withToldClasses(model, params, test, { runtime, seed, binarization, signal });
  const shown = { ...context, prepared: { ...prepared, test: told } };
  const pictures = await drawPictures(shown);
  for (const [file, { png }] of pictures) await writeFileAtomic(join(folder, file), png);
  const { codes, figures } = await figuresOf(shown, evaluation);
  await writeReport(folder, {
    prepared,
    evaluation,
    labels,
    metrics,
    pictures: [...pictures.values()],
    codes,
    figures,
    activeUnits: evaluation.activeDimensions,
    runtime,
  });

  const json = {
    ...summarize(folder, config, metrics),
    dataset: test.name,
    split: 'test',
    binarization,
    test: testJson(evaluation, labels),
    warnings,
    unit: evaluation.unit,
  };
  // Where the run lies is not part of it: folders are moved.
  const { run: _, ...stored } = json;
  await writeFileAtomic(join(folder, runFiles.evaluation), `${JSON.stringify(stored, null, 2)}\n`);
  const table = testTable(evaluation, model, !warnings.includes(greyWarning), labels);
  const note = evaluation.activeUnits === 0 ? collapseNote(evaluation, config) : '';
  return { json, text: [table, note, closing(folder)].filter((part) => part !== '').join('\n') };
}

/** What predicts labels of the run: its model, or the classifier of its codes, which is fitted and stored unless it was. */
async function predictorOf(
  session: Session,
  folder: string,
  { config, recipe, train, validation }: Prepared,
  params: HostParams,
  runtime: Runtime,
): Promise<Predictor | undefined> {
  const { model, fitOptions } = recipe;
  const { classifier, training } = config;
  if (!classifier) return modelPredictor(model, params);
  const stored = await readClassifier(folder, classifier, model.latentDim, runtime);
  if (stored) return codePredictor(model, params, classifier, stored.fitted);
  const { binarization = 'none' } = fitOptions;
  const options = { runtime, binarization, seed: training.seed };
  const fitted = await fitClassifier(session, { model, params, train, validation, classifier }, options);
  await writeClassifier(folder, fitted);
  return codePredictor(model, params, classifier, fitted.fitted);
}

/** Where everything lies, for people. */
export const closing = (folder: string): string => `  run folder: ${folder} (open ${join(folder, runFiles.report)})`;
