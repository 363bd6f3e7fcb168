import { join } from 'node:path';
import { evaluationDraw } from 'reparam';
import { type JsonRecord, readJsonl, writeFileAtomic } from 'reparam/io/node';
import { encodePng, figurePage, imageGrid, lineChart, type ReportPicture } from 'reparam/plot';
import type { Output, Session } from '../app.ts';
import { displayRange, imageSizeOf, toGrey } from '../pictures.ts';
import { environmentOf } from '../run/checkpoint.ts';
import { runFiles } from '../run/folder.ts';
import { columns, count, withError } from '../terminal/format.ts';
import { closing } from '../training/finishRun.ts';
import { type DensityFigure, type DensityModel, type DensityParams, figuresJson, openDensity } from './densityModel.ts';
import { type PreparedDensity, valuesOf } from './prepareDensity.ts';
import { describeDensity } from './trainDensity.ts';

/** File of the picture of a density model's parameters. */
export const parametersPicture = 'parameters.png';

/** Figures of the test set, pictures and report of a fitted density model; evaluation.json comes last. */
export async function finishDensity(
  session: Session,
  folder: string,
  prepared: PreparedDensity,
  params: DensityParams,
): Promise<Output> {
  const { config, train, test, binarization, warnings } = prepared;
  const { seed } = config.training;
  const model = openDensity(config, params, join(folder, runFiles.model));
  const measure = (data: typeof test) => model.evaluate(valuesOf(data, binarization, seed, evaluationDraw));
  const figures = measure(test);
  const onTrain = measure(train);
  const metrics = await readJsonl(join(folder, runFiles.metrics));
  const pictures = await drawPictures(session, prepared, model);
  for (const [file, { png }] of pictures) await writeFileAtomic(join(folder, file), png);
  const page = figurePage({
    title: `${config.preset} on ${config.data.name}`,
    lead: [
      describeDensity(prepared),
      `${train.size} training and ${test.size} test examples. Nats per example, summed over the values of an example.`,
    ],
    warnings,
    figures: [{ svg: learningCurve(metrics, config.program.kind) }],
    pictures: [...pictures.values()],
    tables: [
      {
        title: 'Figures',
        columns: ['', 'test', 'train', 'meaning'],
        rows: figures.map(({ name, value, standardError, meaning }, i) => [
          name,
          withError(value, standardError),
          withError(onTrain[i]!.value, onTrain[i]!.standardError),
          meaning,
        ]),
      },
    ],
    settings: { ...config, parts: model.describe(), environment: environmentOf(await session.runtime()) },
  });
  await writeFileAtomic(join(folder, runFiles.report), page);
  const stored = {
    seed,
    epochs: metrics.length,
    seconds: metrics.reduce((sum, { seconds }) => sum + Number(seconds), 0),
    dataset: test.name,
    split: 'test',
    binarization,
    test: figuresJson(figures, test.size, model),
    train: figuresJson(onTrain, train.size, model),
    warnings,
    unit: 'nats/example',
  };
  await writeFileAtomic(join(folder, runFiles.evaluation), `${JSON.stringify(stored, null, 2)}\n`);
  return { json: { run: folder, ...stored }, text: `${densityTable(figures, test.size, model)}\n${closing(folder)}` };
}

/** Figures as a table for people. */
export const densityTable = (
  figures: readonly DensityFigure[],
  numExamples: number,
  { quantity }: DensityModel,
): string =>
  columns(
    [
      ...figures.map(({ name, value, standardError }) => [name, withError(value, standardError), 'nats/example']),
      ...(quantity === 'density' ? [['figures', 'densities', 'depend on the scale of the data']] : []),
      ['examples', count(numExamples), ''],
    ],
    '  ',
  );

async function drawPictures(session: Session, { config, train }: PreparedDensity, model: DensityModel) {
  const pictures = new Map<string, ReportPicture>();
  const size = imageSizeOf(train.shape);
  if (!size) return pictures;
  const range = displayRange(train);
  const context = { runtime: session.runtime, signal: session.interruptible() };
  const { x, mean } = await model.sample(100, config.training.seed, context);
  const grid = (rows: Float32Array) => {
    const images = { dtype: 'float32' as const, shape: [rows.length], data: rows };
    return encodePng(imageGrid(toGrey(images, range), { ...size, columns: 10 }));
  };
  pictures.set(runFiles.samples, {
    title: 'Samples',
    caption: mean ? 'Means of 100 draws from the model.' : '100 draws from the model.',
    png: grid(mean ?? x),
  });
  const { rows, ...words } = model.picture;
  pictures.set(parametersPicture, { ...words, png: grid(rows) });
  return pictures;
}

function learningCurve(metrics: readonly JsonRecord[], kind: string): string {
  const [key, label] =
    kind === 'mixture'
      ? ['bound', 'bound (nats/example)']
      : ['reconstructionError', 'squared error, sum over an example'];
  const points = metrics.map((line) => [Number(line.epoch), Number(line[key])] as const);
  return lineChart({
    title:
      kind === 'mixture'
        ? 'Bound after every iteration, training set'
        : 'Reconstruction error after one sweep, training set',
    x: { label: kind === 'mixture' ? 'iteration' : 'epoch', whole: true },
    y: { label },
    series: [{ name: label, points }],
  });
}
