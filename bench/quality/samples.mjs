/**
 * Samples of an autoencoder and of a VAE on MNIST, drawn from the prior and from a mixture of normals fitted to the codes: Fréchet
 * distances on features of a classifier that `reparam quality` trains (ours, not the FID of the literature). What transfers is
 * the ratio mixture / prior: 0.18 for an autoencoder and 0.92 for a VAE in Ghosh et al. 2020 (regularised autoencoders).
 *
 *   npm run build && node bench/quality/samples.mjs [--quick] [ae|vae]
 *
 * About 1 minute of training and 1 to 2 of measuring each. With --quick: the bundled digits, one epoch.
 */
import { join } from 'node:path';
import { job, once, quick, reparam, report, trained } from './runs.mjs';

const all = [
  { name: 'ae', paper: 0.18 },
  { name: 'vae', paper: 0.92 },
];

const { folder, rows } = job('samples', all);
const results = [];
for (const { name, paper } of rows) {
  const grey = name === 'vae' ? ['--set', 'model.likelihood.kind=gaussian', '--latent-dim', '20'] : [];
  const args = [
    quick ? 'digits' : 'mnist',
    '--preset',
    name,
    ...grey,
    '--num-samples',
    '0',
    ...(quick ? ['--epochs', '1'] : []),
  ];
  const run = await trained(folder, name, args);
  const measured = await once(join(folder, `${name}.json`), () =>
    reparam(['quality', run.folder, ...(quick ? ['--count', '200', '--components', '3'] : [])]),
  );
  const { distances, ratio } = measured;
  const rounded = Object.fromEntries(Object.entries(distances).map(([what, value]) => [what, value.toFixed(2)]));
  results.push({ model: name, ...rounded, 'mixture / prior': ratio.toFixed(2), paper });
}
report(
  folder,
  [
    'model',
    'training images',
    'reconstructions',
    'samples, prior',
    'samples, mixture of codes',
    'mixture / prior',
    'paper',
  ],
  results,
);
