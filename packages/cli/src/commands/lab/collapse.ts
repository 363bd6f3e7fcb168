import type { Command } from 'commander';
import { collapse } from 'reparam/lab';
import { lineChart } from 'reparam/plot';
import { type App, wholeOption } from '../../app.ts';
import { addLabOptions, type LabOptions, labData, showProgress } from './options.ts';
import { writeLab } from './output.ts';

interface CollapseCommandOptions extends LabOptions {
  readonly epochs: number;
  readonly latentDim: number;
}

/** `reparam lab collapse`: active units against the noise, theory and measurement. */
export function register(lab: Command, app: App): void {
  const command = lab
    .command('collapse')
    .argument('[dataset]', 'a name or a path', 'digits')
    .summary('active units against fixed noise: theory and measurement')
    .description(
      'Linear VAEs are trained with fixed noise variances s². As many latent dimensions stay active as eigenvalues of the data’s covariance lie above s²: the rest collapse to the prior, whatever the optimiser does.',
    )
    .option('--epochs <n>', 'epochs of each training', wholeOption(1), 200)
    .option('--latent-dim <n>', 'latent dimensions', wholeOption(1), 16);
  addLabOptions(command, 'reparam lab collapse digits --latent-dim 8 --out figures/collapse');
  app.action<[string], CollapseCommandOptions>(command, async (session, dataset, { out, seed, epochs, latentDim }) => {
    const data = await labData(session, dataset, 'train', 2000);
    const runtime = await session.runtime();
    const { models: rows, eigenvalues } = await collapse(data, {
      runtime,
      epochs,
      latentDim,
      seed,
      signal: session.interruptible(),
      onProgress: showProgress(session, 'training'),
    });
    const chart = lineChart({
      title: `Active units of linear VAEs on ${data.name}, ${latentDim} latent dimensions`,
      x: { label: 'fixed noise variance s²', log: true },
      y: { label: 'active units', whole: true },
      series: [
        { name: 'eigenvalues above s²', points: stairs(eigenvalues, latentDim, rows), dashed: true },
        {
          name: 'measured after training',
          // Points that are not joined: a gap after each.
          points: rows.flatMap((r) => [[r.noiseVariance, r.measured] as const, [r.noiseVariance, Number.NaN] as const]),
        },
      ],
    });
    return writeLab(out, {
      title: 'Posterior collapse, predicted',
      lead: [
        'With fixed noise s², a direction is worth coding only when it explains more variance than the noise. At the optimum min(q, number of eigenvalues above s²) units are active (Lucas et al. 2019).',
        `Units whose posterior mean varies by more than 0.01 over ${data.size} examples count as active. s² lies in the widest gaps of the spectrum: close to an eigenvalue a unit gains or loses next to nothing, and dies or grows too slowly for a short training to tell.`,
      ],
      figures: [{ name: 'collapse', svg: chart, caption: 'Theory (dashed) and trained models.' }],
      tables: [
        {
          name: 'collapse',
          title: 'By noise variance',
          columns: ['s²', 'theory', 'measured', 'ELBO trained', 'log p(x) at the optimum'],
          rows: rows.map((r) => [r.noiseVariance, r.theory, r.measured, r.elbo, r.optimum]),
        },
      ],
      settings: { dataset: data.name, seed, epochs, latentDim, runtime: runtime.name },
    });
  });
}

/** min(q, number of eigenvalues above s²) as a staircase over the noise variances that were tried. */
function stairs(
  eigenvalues: Float64Array,
  latentDim: number,
  tried: readonly { readonly noiseVariance: number }[],
): (readonly [number, number])[] {
  const [low, high] = [tried[0]!.noiseVariance, tried.at(-1)!.noiseVariance];
  const steps = [...eigenvalues.subarray(0, latentDim)].flatMap((value, k) => [
    [value, k] as const,
    [value, k + 1] as const,
  ]);
  const inside = steps.filter(([value]) => value > low && value < high);
  return [[high, 0] as const, ...inside, [low, inside.at(-1)?.[1] ?? 0] as const];
}
