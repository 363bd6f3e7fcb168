import type { Command } from 'commander';
import { amortisationGap } from 'reparam/lab';
import { histogram } from 'reparam/plot';
import { type App, wholeOption } from '../../app.ts';
import { openRun } from '../../run/openRun.ts';
import { addLabOptions, firstOf, type LabOptions, showProgress } from './options.ts';
import { writeLab } from './output.ts';

interface AmortisationCommandOptions extends LabOptions {
  readonly examples: number;
  readonly steps: number;
}

/** `reparam lab amortisation`: what one encoder for all examples costs. */
export function register(lab: Command, app: App): void {
  const command = lab
    .command('amortisation')
    .argument('<run>', 'folder of a run')
    .summary('ELBO with q fitted to each example, against the encoder’s')
    .description(
      'The amortisation gap: the ELBO of the test set with a diagonal normal q fitted to every example by Adam, started at the encoder’s, minus that of the encoder.',
    )
    .option('--examples <n>', 'test examples to use, the first ones', wholeOption(2), 200)
    .option('--steps <n>', 'steps of Adam', wholeOption(1), 300);
  addLabOptions(command, 'reparam lab amortisation runs/digits-vae-0 --examples 100');
  app.action<[string], AmortisationCommandOptions>(command, async (session, folder, { out, seed, examples, steps }) => {
    const run = await openRun(folder);
    const data = firstOf(await run.openData('test'), examples);
    const runtime = await session.runtime();
    const { encoder, fitted, gap, differences } = await amortisationGap(run.model, run.params, data, {
      runtime,
      binarization: run.binarization,
      steps,
      seed,
      signal: session.interruptible(),
      onProgress: showProgress(session, 'fitting q'),
    });
    const chart = histogram({
      title: `Gain of a q of its own, ${run.config.preset} on ${data.name}`,
      x: { label: 'ELBO fitted − ELBO of the encoder (nats)' },
      y: { label: 'examples' },
      values: differences,
    });
    return writeLab(out, {
      title: 'The amortisation gap',
      lead: [
        'One encoder serves all examples, so its q is not the best for each. The gap is what a q of its own gains an example, the model held; both ELBOs are measured with the same 200 draws.',
        `The first ${data.size} test examples of ${data.name}, binarisation ${run.binarization}; ${steps} steps of Adam.`,
      ],
      figures: [{ name: 'amortisation', svg: chart, caption: 'One difference an example.' }],
      tables: [
        {
          name: 'amortisation',
          title: 'Nats an example',
          columns: ['', 'value', 'standard error'],
          rows: [
            ['ELBO, encoder', encoder.value, encoder.standardError],
            ['ELBO, q fitted to each example', fitted.value, fitted.standardError],
            ['amortisation gap', gap.value, gap.standardError],
          ],
        },
      ],
      settings: { run: folder, seed, steps, examples: data.size, runtime: runtime.name },
    });
  });
}
