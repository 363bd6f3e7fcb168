import { ReparamError } from '@reparam/tensor';
import type { Command } from 'commander';
import { matrixOf } from 'reparam';
import { boundsLadder, linearDecoder } from 'reparam/lab';
import { lineChart } from 'reparam/plot';
import { type App, wholeOption } from '../../app.ts';
import { openRun, type Run } from '../../run/openRun.ts';
import { addLabOptions, firstOf, type LabOptions, showProgress } from './options.ts';
import { writeLab } from './output.ts';

interface BoundsCommandOptions extends LabOptions {
  readonly examples: number;
  readonly numSamples: number;
}

/** `reparam lab bounds`: the ladder of bounds of one run. */
export function register(lab: Command, app: App): void {
  const command = lab
    .command('bounds')
    .argument('<run>', 'folder of a run')
    .summary('prior sampling, ELBO, IWAE and log p(x) of a run')
    .description(
      'Bounds on log p(x) of the test set from the loosest up: sampling from the prior, ELBO, importance-weighted bounds of growing k; and the exact value where the decoder is linear and Gaussian.',
    )
    .option('--examples <n>', 'test examples to use, the first ones', wholeOption(2), 100)
    .option('--num-samples <k>', 'importance samples of the highest rung', wholeOption(1), 1000);
  addLabOptions(command, 'reparam lab bounds runs/digits-vae-0 --num-samples 5000');
  app.action<[string], BoundsCommandOptions>(command, async (session, folder, { out, seed, examples, numSamples }) => {
    const run = await openRun(folder);
    const data = firstOf(await run.openData('test'), examples);
    const { model, params, binarization } = run;
    if (model.bound === 'none' || model.bound === 'exact') {
      throw new ReparamError('unsupported', 'this run has no ladder of bounds', {
        got:
          model.bound === 'exact'
            ? 'a flow, whose ELBO is the log-likelihood'
            : 'an autoencoder, whose posterior is a point',
      });
    }
    const runtime = await session.runtime();
    const rungs = await boundsLadder(model, params, data, {
      runtime,
      seed,
      binarization,
      numSamples: [1, 2, 5, 10, 50, 100, 500, 1000, 5000].filter((k) => k < numSamples).concat(numSamples),
      signal: session.interruptible(),
      onProgress: showProgress(session, 'sampling'),
    });
    const exact = exactValue(run, data);
    const of = (name: string) =>
      rungs.filter((rung) => rung.name === name).map((r) => [r.numSamples, r.value, r.samplingError ?? 0] as const);
    const elbo = rungs.find(({ name }) => name === 'ELBO')!;
    const flat = (value: number) => [[1, value] as const, [numSamples, value] as const];
    const chart = lineChart({
      title: `Bounds on log p(x), ${run.config.preset} on ${data.name}`,
      x: { label: 'draws of z an example', log: true },
      y: { label: 'nats an example' },
      series: [
        { name: 'prior sampling', points: of('prior sampling') },
        { name: 'importance-weighted bound', points: of('IWAE') },
        { name: 'ELBO', points: flat(elbo.value), dashed: true },
        ...(exact === undefined ? [] : [{ name: 'log p(x), exact', points: flat(exact), dashed: true }]),
      ],
    });
    const rows = rungs.map(
      (r) => [r.name, r.numSamples, r.value, r.standardError, r.samplingError ?? Number.NaN] as const,
    );
    return writeLab(out, {
      title: 'The ladder of bounds',
      lead: [
        `${model.describe().likelihood} likelihood; the first ${data.size} test examples of ${data.name}, binarisation ${binarization}. Nats per example, summed over its values.`,
        'Importance-weighted bounds climb with k towards log p(x); sampling from the prior climbs too, from far below. Bands: the estimates’ own error (delta method), averaged over examples.',
      ],
      figures: [{ name: 'bounds', svg: chart, caption: 'Estimates of log p(x) by the number of draws.' }],
      tables: [
        {
          name: 'bounds',
          title: 'Nats an example',
          columns: ['bound', 'draws', 'value', 'standard error (examples)', 'sampling error'],
          rows: exact === undefined ? rows : [...rows, ['exact', 0, exact, Number.NaN, 0]],
        },
      ],
      settings: { run: folder, seed, examples: data.size, runtime: runtime.name },
    });
  });
}

/** Mean of log p(x) where it has a closed form: a decoder without hidden layers, Gaussian noise, prior N(0, I). */
function exactValue({ config, model, params }: Run, data: Parameters<typeof matrixOf>[0]): number | undefined {
  const { hidden, decoderHidden = hidden, likelihood } = config.model;
  if (decoderHidden.length > 0 || likelihood.kind !== 'gaussian' || likelihood.scale === 'per-dimension')
    return undefined;
  if (model.describe().prior !== 'N(0, I)' || model.conditionSize || config.model.upper || config.model.flow)
    return undefined;
  const scale = likelihood.scale === 'shared' ? undefined : likelihood.scale;
  return linearDecoder(params, scale).logLikelihood(matrixOf(data));
}
