/**
 * Log-likelihoods on MNIST, dynamic binarisation, beside published ones: importance weighting against the ELBO for as long on the
 * same network, two stochastic layers against one, and the VampPrior against N(0, I).
 *
 *   npm run build && node bench/quality/density.mjs [--quick] [row …]
 *
 * A bound of 50 draws costs ten times one of 5, so `iwae-50` goes on from the weights of `iwae-5`: give both, or none. Each row
 * takes under 40 minutes on two cores with the row it goes on from. Interrupted, it goes on where it stopped. The figures do
 * not depend on the number of threads, the minutes do. With --quick: the bundled digits, one epoch, 50 samples.
 */
import { join, relative } from 'node:path';
import { commandOf, job, quick, report, trained, withError } from './runs.mjs';

const set = (settings) => Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
const slow = { 'optimizer.learningRate.value': 0.001 };
const wide = { 'model.hidden': '[400,400]' };
const five = { 'objective.numSamples': 5, 'training.batchSize': 64 };
const fifty = { 'training.batchSize': 20, 'optimizer.learningRate.value': 0.0003 };

const all = [
  { name: 'vae', preset: 'vae', epochs: 250, settings: { ...wide, ...slow }, paper: -86.76 },
  { name: 'iwae-5', preset: 'iwae', epochs: 60, settings: { ...wide, ...five, ...slow }, samples: 500, paper: -85.54 },
  { name: 'iwae-50', preset: 'iwae', from: 'iwae-5', epochs: 13, settings: { ...wide, ...fifty }, paper: -84.78 },
  { name: 'one-layer-5', preset: 'iwae', epochs: 100, settings: five, samples: 500, paper: -85.54 },
  { name: 'two-layers-5', preset: 'iwae-two-layers', epochs: 100, settings: five, samples: 500, paper: -83.89 },
  {
    name: 'standard-prior',
    preset: 'vae',
    epochs: 100,
    settings: { ...slow, 'model.hidden': '[300,300]', 'model.latentDim': 40 },
    samples: 500,
    paper: -84.45,
  },
  { name: 'vamp-prior', preset: 'vae-vamp', epochs: 100, settings: slow, samples: 500, paper: -82.43 },
];

const { folder, rows } = job('density', all);
const results = [];
for (const { name, preset, from, epochs, settings, samples = 5000, paper } of rows) {
  const args = [quick ? 'digits' : 'mnist', '--preset', preset, '--epochs', quick ? '1' : `${epochs}`];
  args.push('--num-samples', quick ? '50' : `${samples}`, ...set({ 'data.binarization': 'dynamic', ...settings }));
  if (from) args.push('--from', relative('.', join(folder, from)));
  const { test, seconds } = await trained(folder, name, args);
  results.push({
    row: name,
    ELBO: withError(test.elbo, test.elboStandardError),
    'log-likelihood': withError(test.logLikelihood, test.logLikelihoodStandardError),
    samples: test.numSamples,
    paper: paper.toFixed(2),
    'active units': test.activeUnits,
    minutes: (seconds / 60).toFixed(1),
    command: `\`${commandOf(args)}\``,
  });
}
report(folder, ['row', 'ELBO', 'log-likelihood', 'samples', 'paper', 'active units', 'minutes', 'command'], results);
