import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { fitRbm, type RbmState, sgd } from 'reparam';
import { writeSafetensors } from 'reparam/io';
import { appendLine, truncateJsonl, writeFileAtomic } from 'reparam/io/node';
import type { Output, Session } from '../app.ts';
import { runFiles } from '../run/folder.ts';
import { densityCheckpoint } from './checkpoint.ts';
import type { DensityRunConfig } from './config.ts';
import type { DensityParams } from './densityModel.ts';
import { finishDensity } from './finishDensity.ts';
import { mixtureKind } from './mixtureKind.ts';
import { type PreparedDensity, valuesOf } from './prepareDensity.ts';
import { rbmKind } from './rbmKind.ts';

/** One line: what is maximised, on which data. */
export function describeDensity({ config, train, binarization }: PreparedDensity): string {
  const { program, data } = config;
  const what =
    program.kind === 'mixture'
      ? mixtureKind.describe(
          program,
          train.shape.reduce((a, b) => a * b, 1),
        )
      : rbmKind.describe(program);
  return `Maximising ${what}; nats per example, summed over its ${train.shape.join('×')} values. Data: ${data.name}, ${train.size} training examples, binarisation ${binarization}.`;
}

/** Fits a density model in `folder`, which this process has locked, and finishes the run; `isResumed` goes on where it stopped. */
export async function trainDensity(
  session: Session,
  folder: string,
  prepared: PreparedDensity,
  isResumed = false,
): Promise<Output> {
  const { config } = prepared;
  if (!isResumed) {
    await writeFileAtomic(join(folder, runFiles.config), `${JSON.stringify(config, null, 2)}\n`);
    await writeFileAtomic(join(folder, runFiles.metrics), '');
  }
  const params =
    config.program.kind === 'mixture'
      ? await trainMixture(session, folder, prepared, config.program)
      : await trainRbm(session, folder, prepared, config.program);
  await writeFileAtomic(
    join(folder, runFiles.model),
    writeSafetensors(params, { preset: config.preset, data: config.data.name }),
  );
  return finishDensity(session, folder, prepared, params);
}

type Program<K> = Extract<DensityRunConfig['program'], { kind: K }>;

/** Expectation maximisation starts over when it is resumed: the seed fixes all of it. */
async function trainMixture(
  session: Session,
  folder: string,
  { config, train, binarization }: PreparedDensity,
  program: Program<'mixture'>,
): Promise<DensityParams> {
  const { training } = config;
  const started = performance.now();
  let last = started;
  const lines: string[] = [];
  const params = mixtureKind.fit(
    program,
    valuesOf(train, binarization, training.seed, 0),
    training,
    (iteration, bound) => {
      const now = performance.now();
      const seconds = (now - last) / 1000;
      last = now;
      lines.push(JSON.stringify({ epoch: iteration, step: iteration, bound, seconds }));
      session.bar.update(iteration / training.epochs, `iteration ${iteration}`, `bound ${bound.toFixed(4)}`);
    },
  );
  session.bar.clear();
  await writeFileAtomic(join(folder, runFiles.metrics), lines.map((line) => `${line}\n`).join(''));
  session.say(`${lines.length} iterations in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return params;
}

async function trainRbm(
  session: Session,
  folder: string,
  { config, train, binarization }: PreparedDensity,
  program: Program<'rbm'>,
): Promise<DensityParams> {
  const { epochs, batchSize, seed } = config.training;
  const { hidden, sweeps, learningRate, momentum } = program;
  const optimizer = sgd({ momentum });
  const checkpoint = densityCheckpoint(folder, config, hidden, optimizer);
  const state = await checkpoint.read();
  if (state) await truncateJsonl(join(folder, runFiles.metrics), ({ epoch }) => Number(epoch) <= state.epoch);
  const training = fitRbm(train, {
    runtime: await session.runtime(),
    hidden,
    sweeps,
    epochs,
    batchSize,
    seed,
    binarization,
    optimizer,
    learningRate,
    signal: session.interruptible(),
    ...(state && { state }),
  });
  try {
    for await (const report of training) {
      await appendLine(join(folder, runFiles.metrics), JSON.stringify(report));
      await checkpoint.write(training.state as RbmState);
      session.say(
        `epoch ${report.epoch}/${epochs}  squared reconstruction error ${report.reconstructionError.toFixed(3)} an example  ${report.seconds.toFixed(1)} s`,
      );
    }
  } catch (error) {
    if (!(error instanceof ReparamError && error.code === 'interrupted')) throw error;
    throw new ReparamError('interrupted', 'interrupted, checkpoint written', {
      got: `${training.state.epoch} epochs done`,
      fix: `Go on with: reparam resume ${folder}`,
      cause: error,
    });
  }
  return training.state.params as DensityParams;
}
