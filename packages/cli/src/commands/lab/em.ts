import type { Command } from 'commander';
import { matrixOf } from 'reparam';
import { clusters, type EmComparison, emOnMixture, emOnPpca, emPicture } from 'reparam/lab';
import { lineChart } from 'reparam/plot';
import type { App } from '../../app.ts';
import { addLabOptions, type LabOptions, labData } from './options.ts';
import { type LabTable, writeLab } from './output.ts';

/** `reparam lab em`: expectation maximisation beside alternating gradient ascent. */
export function register(lab: Command, app: App): void {
  const command = lab
    .command('em')
    .summary('expectation maximisation beside VAE-style alternation')
    .description(
      'The bound after every E-step and M-step, in closed form and by a few gradient steps in q and then in the model, on a mixture of Gaussians in the plane and on probabilistic PCA of digits; and both steps in one picture.',
    );
  addLabOptions(command, 'reparam lab em', false);
  app.action<[], LabOptions>(command, async (session, { out, seed }) => {
    const data = await labData(session, 'digits', 'train');
    const mixture = await emOnMixture(clusters(300, seed), { seed });
    const ppca = await emOnPpca(matrixOf(data), 5, { seed });
    const picture = emPicture(60, -4, 3, seed);
    const curve = ({ em, ascent, maximum }: EmComparison, title: string) => {
      const half = ({ iteration, stage }: { iteration: number; stage: 'E' | 'M' }) =>
        iteration - (stage === 'E' ? 0.5 : 0);
      // The first bounds of the ascent are so low that the rest would be a line at the top.
      const from = Math.min(em[0]!.bound, ascent[7]?.bound ?? em[0]!.bound);
      const points = (steps: readonly { iteration: number; stage: 'E' | 'M'; bound: number }[]) =>
        steps.filter(({ bound }) => bound >= from - 1e-9).map((s) => [half(s), s.bound] as const);
      const last = Math.max(half(em.at(-1)!), half(ascent.at(-1)!));
      return lineChart({
        title,
        x: { label: 'iteration (an E-step ends at ½, an M-step at 1)' },
        y: { label: 'bound (nats an example)' },
        series: [
          { name: 'expectation maximisation', points: points(em) },
          { name: 'three gradient steps each', points: points(ascent) },
          {
            name: 'maximum',
            dashed: true,
            points: [
              [0.5, maximum],
              [last, maximum],
            ],
          },
        ],
      });
    };
    const both = lineChart({
      title: 'E-step and M-step: ½ N(θ, 1) + ½ N(2, 1), unknown mean θ',
      x: { label: 'θ' },
      y: { label: 'nats an example' },
      height: 380,
      series: [
        { name: 'log p(x; θ)', points: [...picture.theta].map((t, i) => [t, picture.logLikelihood[i]!] as const) },
        ...picture.iterations.map(({ bound }, k) => ({
          name: `bound ${k + 1}`,
          dashed: true,
          points: [...picture.theta]
            .map((t, i) => [t, bound[i]!] as const)
            .filter(([, y]) => y > Math.min(...picture.logLikelihood) - 0.5),
        })),
        {
          name: 'path: M-steps along a bound, E-steps up to the curve',
          points: picture.iterations.flatMap(({ from, touch, bound, to, top }) => [
            [from, touch] as const,
            ...[...picture.theta].flatMap((t, i) => (t > from && t < to ? [[t, bound[i]!] as const] : [])),
            [to, top] as const,
          ]),
        },
      ],
    });
    const table = (name: string, title: string, { em, ascent, maximum }: EmComparison): LabTable => ({
      name,
      title,
      columns: [
        'iteration',
        'EM after E',
        'EM after M',
        'gradients after E',
        'gradients after M',
        'to the maximum (EM)',
      ],
      rows: [1, 2, 3, 5, 10, 20, 40, 60].flatMap((iteration) => {
        const at = (steps: readonly { iteration: number; stage: 'E' | 'M'; bound: number }[], stage: 'E' | 'M') =>
          steps.find((s) => s.iteration === iteration && s.stage === stage)?.bound ?? Number.NaN;
        const row = [at(em, 'E'), at(em, 'M'), at(ascent, 'E'), at(ascent, 'M')];
        return row.every(Number.isNaN) ? [] : [[iteration, ...row, maximum - at(em, 'M')]];
      }),
    });
    return writeLab(out, {
      title: 'Expectation maximisation and variational training',
      lead: [
        'Both climb the same bound. The E-step raises it in q with the model held, the M-step in the model with q held; expectation maximisation takes each to its maximum, a variational autoencoder a few gradient steps. Neither ever lowers it.',
        'Here gradients are exact and a step that would lower the bound is halved: what is compared is the alternation, not the noise.',
      ],
      figures: [
        {
          name: 'em-mixture',
          svg: curve(mixture, 'Mixture of three Gaussians in the plane'),
          caption: 'Bound after every half-iteration.',
        },
        {
          name: 'em-ppca',
          svg: curve(ppca, 'Probabilistic PCA, five dimensions, digits'),
          caption: 'Bound after every half-iteration.',
        },
        {
          name: 'em-steps',
          svg: both,
          caption:
            'The E-step lifts the bound until it touches log p at the present θ; the M-step goes to the top of that bound.',
        },
      ],
      tables: [
        table('em-mixture', 'Mixture of Gaussians: bound, nats an example', mixture),
        table('em-ppca', 'Probabilistic PCA: bound, nats an example', ppca),
      ],
      settings: { seed },
    });
  });
}
