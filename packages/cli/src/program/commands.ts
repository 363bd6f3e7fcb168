import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { evaluationDraw } from 'reparam';
import type { Split } from 'reparam/data/node';
import { writeFileAtomic } from 'reparam/io/node';
import { encodePng, imageGrid } from 'reparam/plot';
import type { Output, Session } from '../app.ts';
import { requireExtension } from '../pictureFile.ts';
import { displayRange, imageSizeOf, toGrey } from '../pictures.ts';
import { readEvaluation } from '../run/evaluation.ts';
import { runFiles } from '../run/folder.ts';
import { exists } from '../run/openRun.ts';
import { columns, duration, withError } from '../terminal/format.ts';
import { closing } from '../training/finishRun.ts';
import type { DensityRunConfig } from './config.ts';
import { figuresJson } from './densityModel.ts';
import { densityTable, parametersPicture } from './finishDensity.ts';
import type { DensityRun } from './openDensityRun.ts';
import { chooseFor, prepareDensity, valuesOf } from './prepareDensity.ts';
import { describeDensity, trainDensity } from './trainDensity.ts';

/** `reparam evaluate` of a density model: exact figures, and what can be had where they cannot. */
export async function evaluateDensity(
  session: Session,
  run: DensityRun,
  { dataset, split, seed = run.config.training.seed }: { dataset?: string; split: Split; seed?: number },
): Promise<Output> {
  const data = await run.openData(split, dataset);
  const { warnings } = chooseFor(run.config, data);
  for (const warning of warnings) session.warn(`warning: ${warning}`);
  session.say(
    `Evaluating ${run.folder} on ${data.name} ${split}, ${data.size} examples, binarisation ${run.binarization}`,
  );
  const figures = run.model.evaluate(valuesOf(data, run.binarization, seed, evaluationDraw));
  return {
    json: {
      run: run.folder,
      seed: run.config.training.seed,
      dataset: data.name,
      split,
      binarization: run.binarization,
      evaluationSeed: seed,
      test: figuresJson(figures, data.size, run.model),
      warnings,
      unit: 'nats/example',
    },
    text: densityTable(figures, data.size, run.model),
  };
}

/** `reparam sample` of a density model. */
export async function sampleDensity(
  session: Session,
  run: DensityRun,
  {
    count,
    out,
    binary,
    label,
    seed = run.config.training.seed,
  }: { count: number; out?: string; binary?: boolean; label?: unknown; seed?: number },
): Promise<Output> {
  if (label !== undefined) {
    throw new ReparamError('config', '--label needs a model that is given labels', {
      got: `a run of the preset ${run.config.preset}`,
      fix: 'Train the preset cvae',
    });
  }
  if (out !== undefined) requireExtension(out, '.png');
  const size = imageSizeOf(run.dataShape);
  if (!size) {
    throw new ReparamError('config', 'the examples of this run are not images', {
      got: `examples of shape [${run.dataShape.join(', ')}]`,
      expected: '[height, width], or [height, width, 3]',
    });
  }
  const { x, mean } = await run.model.sample(count, seed, {
    runtime: session.runtime,
    signal: session.interruptible(),
  });
  if (binary && !mean) {
    throw new ReparamError('config', '--binary needs a machine of bits', { got: run.config.program.kind });
  }
  const rows = binary ? x : (mean ?? x);
  const range = run.config.program.kind === 'rbm' ? { min: 0, max: 1 } : displayRange(await run.openData('train'));
  const image = imageGrid(toGrey({ dtype: 'float32', shape: [rows.length], data: rows }, range), size);
  const path = out ?? join(run.folder, runFiles.samples);
  await writeFileAtomic(path, encodePng(image));
  const { width, height } = image;
  return {
    json: { file: path, width, height, run: run.folder, count, seed, binary: binary === true },
    text: `${path}  ${count} samples (${width} × ${height} pixels)`,
  };
}

/** `reparam show` of a density model. */
export async function showDensity(run: DensityRun): Promise<Output> {
  const { folder, config, metrics, model } = run;
  const evaluation = await readEvaluation(folder);
  const seconds = metrics.reduce((sum, line) => sum + Number(line.seconds), 0);
  const files = [];
  for (const file of [...Object.values(runFiles), parametersPicture])
    if (await exists(join(folder, file))) files.push(file);
  const test = (evaluation?.test ?? {}) as Record<string, number | undefined>;
  const shown = ['logLikelihood', 'pseudoLogLikelihood'].filter((key) => test[key] !== undefined);
  return {
    json: {
      run: folder,
      seed: config.training.seed,
      epochs: metrics.length,
      seconds,
      config,
      test: evaluation?.test ?? null,
      warnings: evaluation?.warnings ?? [],
      files,
      unit: 'nats/example',
    },
    text: columns([
      ['run', folder],
      ['preset', config.preset],
      ['data', `${config.data.name}, examples of ${run.dataShape.join('×')}, binarisation ${run.binarization}`],
      ...Object.entries(model.describe()),
      [
        'fitted',
        `${metrics.length} ${config.program.kind === 'mixture' ? 'iterations' : 'epochs'}, ${duration(seconds)}`,
      ],
      ...shown.map((key) => [
        key === 'logLikelihood' ? 'test log-likelihood, exact' : 'test pseudo-log-likelihood',
        `${withError(test[key]!, test[`${key}StandardError`])} nats/example${model.quantity === 'density' ? ', a density' : ''}`,
      ]),
      ...(evaluation?.warnings ?? []).map((warning) => ['warning', warning]),
      ['files', files.join(', ')],
    ]),
  };
}

/** `reparam resume` of a density model's run. */
export async function resumeDensity(session: Session, folder: string, config: DensityRunConfig): Promise<Output> {
  const stored = await readEvaluation(folder);
  if (stored) {
    session.say(`${folder} is complete`);
    return { json: { run: folder, ...stored }, text: closing(folder) };
  }
  const prepared = await prepareDensity(session, config);
  session.say(describeDensity(prepared));
  return trainDensity(session, folder, prepared, true);
}
