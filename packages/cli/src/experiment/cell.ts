import { join } from 'node:path';
import { probabilityFigures } from 'reparam';
import { openDataset } from 'reparam/data/node';
import { readFileChecked, writeFileAtomic } from 'reparam/io/node';
import type { Session } from '../app.ts';
import { exists } from '../run/openRun.ts';
import { type CellInput, predictions } from './predictions.ts';
import type { SplitFiles } from './splitFiles.ts';

/** What a cell's process is told. */
export interface CellJob extends CellInput {
  readonly files: SplitFiles;
  /** Value in the model = stored value × scale. */
  readonly scale: number;
  /** What training the model took. */
  readonly modelSeconds: number;
}

/** Figures of predictions on one set. */
export interface SetFigures {
  readonly rows: number;
  readonly accuracy: number;
  /** Nats; absent where a classifier gives no probabilities. */
  readonly logLoss?: number;
  readonly calibrationError?: number;
}

/** What a cell found. */
export interface CellResult {
  /** On images that training never saw. */
  readonly test: SetFigures;
  /** On training images whose label was hidden. */
  readonly unlabelled?: SetFigures;
  /** Of the model and of the classifier. */
  readonly seconds: number;
  /** What was chosen and how fitting went. */
  readonly fitting: Readonly<Record<string, number>>;
}

const [jobFile, resultFile] = ['cell.json', 'result.json'] as const;

export const writeJob = (folder: string, job: CellJob): Promise<void> =>
  writeFileAtomic(join(folder, jobFile), `${JSON.stringify(job, null, 2)}\n`);

/** What the cell of `folder` found; undefined when it is not done. */
export async function readResult(folder: string): Promise<CellResult | undefined> {
  const path = join(folder, resultFile);
  return (await exists(path)) ? ((await readJson(path)) as CellResult) : undefined;
}

/** Does the work of the cell in `folder` and writes what it found. Labels of test images are opened after the predictions. */
export async function runCell(session: Session, folder: string): Promise<CellResult> {
  const job = (await readJson(join(folder, jobFile))) as CellJob;
  const { files, scale, numClasses, modelSeconds } = job;
  const open = (path: string, labels?: string) =>
    openDataset(path, { split: 'all', scale, ...(labels !== undefined && { labels }) });
  const started = performance.now();
  const train = await open(files.train, files.trainLabels);
  const images = await open(files.test);
  const { test, unlabelled, hasProbabilities, fitting } = await predictions(session, job, train, images);
  const seconds = modelSeconds + (performance.now() - started) / 1000;

  const { labels } = await open(files.test, files.testLabels);
  const figures = (found: Float32Array, of: Int32Array): SetFigures => {
    const { rows, accuracy, logLoss, calibrationError } = probabilityFigures(found, of, numClasses);
    return { rows, accuracy: accuracy.value, ...(hasProbabilities && { logLoss: logLoss.value, calibrationError }) };
  };
  const hiddenLabels = async () => {
    const { labels: all } = await open(files.train, files.hiddenLabels!);
    return all!.filter((_, row) => train.labels![row]! < 0);
  };
  const result: CellResult = {
    test: figures(test, labels!),
    ...(unlabelled && { unlabelled: figures(unlabelled, await hiddenLabels()) }),
    seconds,
    fitting,
  };
  await writeFileAtomic(join(folder, resultFile), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await readFileChecked(path, { maxBytes: 2 ** 20 })));
}
