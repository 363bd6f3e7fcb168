/**
 * Every system once, for a short budget, on real data: the command, the test figures, and what they stand beside. Figures of rows with
 * a short budget are below the published ones, which took hours to days; rows with an exact answer should meet it.
 *
 *   npm run build && node bench/quality/systems.mjs [--quick] [preset …]
 *
 * Interrupted, it goes on where it stopped. Rows have the epochs that take about one to two minutes on two cores by their step times
 * (the importance-sampled evaluation of 10,000 images with 500 samples takes 20 to 60 s of it), so about 50 minutes for all. With
 * --quick: one epoch of the bundled digits each.
 */
import { densityPresets, presets } from 'reparam';
import { commandOf, job, quick, report, trained, withError } from './runs.mjs';

const shortRun = 'PyTorch, 15 epochs, 20 dimensions: −ELBO 101.07, IWAE-50 96.87';

/** Preset → epochs, data set (MNIST unless stated), importance samples (500), further arguments, and what the figures stand beside. */
const settings = {
  vae: { epochs: 25, beside: shortRun },
  'vae-pytorch': { epochs: 15, beside: `${shortRun} (ours on bits, the example on grey values)` },
  'beta-vae': { epochs: 25, beside: 'rate below that of vae, distortion above' },
  'vae-conv': { epochs: 12, beside: shortRun },
  'vae-conv-colour': {
    dataset: 'fashion-mnist',
    epochs: 8,
    beside: 'probabilistic PCA of the same data, 64 dimensions',
  },
  'beta-vae-annealed': { epochs: 25, beside: 'rate 25 nats: the capacity at the end' },
  'beta-tc': { epochs: 25, beside: 'rate below that of a VAE of 10 dimensions' },
  infovae: { epochs: 25, beside: 'discrepancy from the prior near 0' },
  dip: { epochs: 25, beside: 'covariance of the codes near the identity' },
  fisher: { epochs: 25, beside: 'worse than maximum likelihood (arXiv 2210.13390)' },
  'vae-score-function': { epochs: 12, beside: 'below the reparameterised gradient at the same number of steps' },
  'vae-counts': {
    dataset: 'digits',
    epochs: 60,
    further: ['--set', 'data.scale=1'],
    beside: 'counts of 0 to 16; on cells: the table of docs/systems/vae-counts.md',
  },
  'vae-2d': { epochs: 25, beside: 'below the 50 dimensions of vae' },
  'vae-sigma': { epochs: 20, beside: '306.55: probabilistic PCA, 20 dimensions, exact' },
  'vae-full': { epochs: 15, beside: 'ELBO above that of a diagonal posterior, 20 dimensions' },
  'vae-mixture': { epochs: 15, beside: 'ELBO above that of N(0, I), 20 dimensions' },
  'vae-vamp': { epochs: 10, beside: 'the paper: −82.43, N(0, I): −84.45 (2,000 epochs)', samples: 100 },
  ae: { epochs: 25, beside: 'a linear one is PCA; reconstruction only, bounds nothing' },
  cvae: { epochs: 20, beside: 'log p(x given c) above the log p(x) of vae by at most log 10 = 2.30' },
  'cvae-fixed': { epochs: 20, beside: 'log p(x given c) above the log p(x) of vae by at most log 10 = 2.30' },
  'cvae-complete': { epochs: 10, beside: 'the paper: hybrid above CVAE above a plain net' },
  iwae: { epochs: 3, beside: 'the paper: −84.78 (3,280 epochs)' },
  'iwae-two-layers': { epochs: 3, beside: 'the paper: −82.90 (3,280 epochs)' },
  'iwae-paper': { epochs: 2, beside: 'the paper: −84.78 (3,280 epochs)' },
  'vae-iaf': { epochs: 15, beside: 'ELBO above that of a diagonal posterior' },
  'flow-lu': { epochs: 20, beside: 'the fitted normal distribution: −1366.9' },
  'flow-qr': { epochs: 2, beside: 'the fitted normal distribution: −1366.9' },
  maf: { epochs: 2, beside: 'the paper: −1300.5' },
  realnvp: { epochs: 5, beside: 'the paper: −1323.2' },
  'flow-vae': { epochs: 5, beside: 'theorem: the bound tends to log p as the noise tends to 0' },
  made: { epochs: 30, beside: 'exact log-likelihood; above the bound of vae' },
  ppca: { epochs: 1, beside: 'exact: 306.55, 20 dimensions' },
  'ppca-em': { epochs: 60, beside: 'exact: 306.55, 20 dimensions' },
  mixture: { dataset: 'digits', epochs: 100, beside: 'exact log-likelihood; 24.9 by ppca with 20 dimensions' },
  rbm: { epochs: 5, beside: 'exact log Z (20 hidden units)' },
};

/** Presets that are no latent-variable models: they have no importance samples. */
const programs = densityPresets.map(({ name }) => name);
const names = [...new Set([...presets.map(({ name }) => name), ...programs, ...Object.keys(settings)])];
for (const name of names)
  if (!settings[name]) throw new Error(`bench/quality/systems.mjs has no row for preset ${name}`);

const { folder, rows } = job(
  'systems',
  names.map((name) => ({ name, ...settings[name] })),
);
const results = [];
for (const { name, dataset = 'mnist', epochs, samples, further = [], beside } of rows) {
  const args = [quick ? 'digits' : dataset, '--preset', name, '--epochs', quick ? '1' : `${epochs}`, ...further];
  if ((quick || samples) && !programs.includes(name)) args.push('--num-samples', quick ? '20' : `${samples}`);
  const row = { system: name, command: `\`${commandOf(args)}\``, beside };
  try {
    const { test, seconds } = await trained(folder, name, args);
    const figure = (key) => withError(test[key], test[`${key}StandardError`]);
    const others = Object.entries(test.figures ?? {}).map(([key, { value }]) => `${key} ${value.toFixed(2)}`);
    if (test.bitsPerDimension !== undefined) others.push(`bits/dim ${test.bitsPerDimension.toFixed(3)}`);
    results.push({
      ...row,
      ELBO: test.bound === 'none' ? '' : figure('elbo'),
      rate: test.bound === 'none' ? '' : figure('rate'),
      distortion: figure('distortion'),
      'log-likelihood': figure('logLikelihood'),
      others: others.join(', '),
      seconds: seconds.toFixed(0),
    });
  } catch (error) {
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = 1;
    results.push({ ...row, others: 'failed' });
  }
}
report(
  folder,
  ['system', 'command', 'ELBO', 'rate', 'distortion', 'log-likelihood', 'others', 'seconds', 'beside'],
  results,
);
