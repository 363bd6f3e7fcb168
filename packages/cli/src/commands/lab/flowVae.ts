import { foldIn, key, normalArray, uniformArray } from '@reparam/tensor';
import type { Command } from 'commander';
import { createDataset } from 'reparam';
import { flowVaeTheorem } from 'reparam/lab';
import { lineChart } from 'reparam/plot';
import { type App, wholeOption } from '../../app.ts';
import { addLabOptions, type LabOptions, showProgress } from './options.ts';
import { writeLab } from './output.ts';

/** Two half-moons in the plane. */
function moons(count: number, seed: number) {
  const source = foldIn(key(seed), 'lab/moons');
  const [angles, noise] = [
    uniformArray(foldIn(source, 'angle'), count),
    normalArray(foldIn(source, 'noise'), 2 * count),
  ];
  const data = Float32Array.from({ length: 2 * count }, (_, i) => {
    const [row, axis] = [i >> 1, i & 1];
    const angle = Math.PI * angles[row]!;
    const upper = row % 2 === 0;
    const clean =
      axis === 0 ? (upper ? Math.cos(angle) : 1 - Math.cos(angle)) : upper ? Math.sin(angle) : 0.5 - Math.sin(angle);
    return clean + 0.1 * noise[i]!;
  });
  return createDataset({ name: 'moons', data, shape: [2] });
}

/** `reparam lab flow-vae`: a flow is the limit of a variational autoencoder. */
export function register(lab: Command, app: App): void {
  const command = lab
    .command('flow-vae')
    .summary('the ELBO of a flow used as an autoencoder goes to its log-likelihood')
    .description(
      'A coupling flow is fitted to two half-moons. The variational autoencoder whose encoder and decoder are that flow with noise s has an ELBO that goes to the flow’s exact log-likelihood as s → 0, while rate and distortion grow without bound and cancel.',
    )
    .option('--epochs <n>', 'epochs of the flow', wholeOption(1), 100);
  addLabOptions(command, 'reparam lab flow-vae --out figures/flow-vae');
  app.action<[], LabOptions & { epochs: number }>(command, async (session, { out, seed, epochs }) => {
    const runtime = await session.runtime();
    const data = moons(1000, seed);
    const { flow, logLikelihood, bounds } = await flowVaeTheorem(data, {
      runtime,
      epochs,
      seed,
      signal: session.interruptible(),
      onProgress: showProgress(session, 'training the flow'),
    });
    const points = (of: (b: (typeof bounds)[number]) => number) => bounds.map((b) => [b.scale, of(b)] as const);
    const chart = lineChart({
      title: 'A flow as an autoencoder: the bound as the noise vanishes',
      x: { label: 'noise s', log: true },
      y: { label: 'nats an example' },
      series: [
        { name: 'ELBO', points: points((b) => b.elbo) },
        { name: 'log p(x) of the flow, exact', dashed: true, points: points(() => logLikelihood) },
        { name: '−rate', points: points((b) => -b.rate) },
        { name: '−distortion', points: points((b) => -b.distortion) },
      ],
    });
    return writeLab(out, {
      title: 'A flow is a variational autoencoder',
      lead: [
        'With q(z|x) the distribution of f(x + s ε) and p(x|z) = N(f⁻¹(z), s²), the ELBO is E log p_f(x + s ε): as s → 0 it becomes the exact log-likelihood of the flow, log p(f(x)) + log |det J| (Nielsen et al. 2020).',
        `Flow: ${flow}. ${data.size} examples, one draw of ε each.`,
      ],
      figures: [
        { name: 'flow-vae', svg: chart, caption: 'Rate and distortion diverge as log s and cancel in the bound.' },
      ],
      tables: [
        {
          name: 'flow-vae',
          title: `Nats an example; log p(x) of the flow: ${logLikelihood.toFixed(5)}`,
          columns: ['noise s', 'ELBO', 'rate', 'distortion', 'ELBO − log p(x)'],
          rows: bounds.map((b) => [b.scale, b.elbo, b.rate, b.distortion, b.gap]),
        },
      ],
      settings: { seed, epochs, runtime: runtime.name },
    });
  });
}
