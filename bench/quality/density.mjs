/**
 * Log-likelihoods on MNIST, dynamic binarisation, beside published ones: importance weighting against the ELBO at the same number
 * of passes and draws, two stochastic layers against one, and the VampPrior against N(0, I).
 *
 *   npm run build && node bench/quality/density.mjs [--quick] [row …]
 *
 * Interrupted, it goes on where it stopped. Estimated on two cores from step times (seconds of an epoch × epochs, then the
 * evaluation): `vae` 2 × 400, 230 s; rows of 50 draws 27 × 70, 230 s, two layers 33 × 60, 280 s; the priors 4 × 200, 90 s and
 * 5 × 200, 600 s. Each under 40 minutes, together about 2 ¾ hours. With --quick: the bundled digits, one epoch, 50 samples.
 */
import { commandOf, job, quick, report, trained, withError } from './runs.mjs';

const set = (settings) => Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
const many = { 'training.batchSize': 64, 'optimizer.learningRate.value': 0.002, 'optimizer.epsilon': 1e-8 };
const wide = { 'model.hidden': '[300,300]', 'model.latentDim': 40, 'optimizer.learningRate.value': 0.001 };

const all = [
  { name: 'vae', preset: 'vae', epochs: 400, settings: { 'optimizer.learningRate.value': 0.001 }, paper: -86.76 },
  {
    name: 'vae-50',
    preset: 'vae',
    epochs: 70,
    settings: { ...many, 'objective.numSamples': 50, 'model.initializer': 'glorotUniform' },
    paper: -86.35,
  },
  { name: 'iwae-50', preset: 'iwae', epochs: 70, settings: many, paper: -84.78 },
  { name: 'iwae-50-two-layers', preset: 'iwae-two-layers', epochs: 60, settings: many, paper: -82.9 },
  { name: 'standard-prior', preset: 'vae', epochs: 200, settings: wide, samples: 1000, paper: -84.45 },
  {
    name: 'vamp-prior',
    preset: 'vae-vamp',
    epochs: 200,
    settings: { 'optimizer.learningRate.value': 0.001 },
    samples: 1000,
    paper: -82.43,
  },
];

const { folder, rows } = job('density', all);
const results = [];
for (const { name, preset, epochs, settings, samples = 5000, paper } of rows) {
  const args = [quick ? 'digits' : 'mnist', '--preset', preset, '--epochs', quick ? '1' : `${epochs}`];
  args.push('--num-samples', quick ? '50' : `${samples}`, ...set({ 'data.binarization': 'dynamic', ...settings }));
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
