/**
 * Flows on MNIST in logit space, 50,000 training images, beside Papamakarios et al. 2017 (table 2): the fitted normal distribution,
 * RealNVP and MAF of five layers of 1024.
 *
 *   npm run build && node bench/quality/flows.mjs [--quick] [gaussian|realnvp|maf]
 *
 * Estimated on two cores: gaussian 1 minute; realnvp 15 s an epoch, at most 40, so 10 minutes; maf 35 s an epoch, at most 40, so 23
 * minutes. Training stops after 5 epochs without a better validation ELBO. With --quick: the bundled digits, one epoch.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandOf, job, once, quick, report, trained, withError } from './runs.mjs';

const all = [
  { name: 'gaussian', paper: '-1366.9 ± 1.4' },
  { name: 'realnvp', paper: '-1323.2 ± 6.6' },
  { name: 'maf', paper: '-1300.5 ± 1.7' },
];

const { folder, rows } = job('flows', all);
const results = [];
for (const { name, paper } of rows) {
  if (name === 'gaussian') {
    if (quick) continue;
    const script = fileURLToPath(new URL('flowGaussian.mjs', import.meta.url));
    const found = await once(join(folder, 'gaussian.json'), () =>
      JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })),
    );
    results.push({
      flow: name,
      'log-density of logits': withError(found.logitLogLikelihood, found.standardError),
      'bits per dimension': found.bitsPerDimension.toFixed(3),
      paper,
      minutes: (found.seconds / 60).toFixed(1),
      command: '`node bench/quality/flowGaussian.mjs`',
    });
    continue;
  }
  const args = [quick ? 'digits' : 'mnist', '--preset', name, '--epochs', quick ? '1' : '40', '--num-samples', '0'];
  if (!quick) args.push('--validation', '10000', '--patience', '5');
  const { test, seconds } = await trained(folder, name, args);
  const { value, standardError } = test.figures.logitLogLikelihood;
  results.push({
    flow: name,
    'log-density of logits': withError(value, standardError),
    'bits per dimension': test.bitsPerDimension?.toFixed(3),
    paper,
    minutes: (seconds / 60).toFixed(1),
    command: `\`${commandOf(args)}\``,
  });
}
report(folder, ['flow', 'log-density of logits', 'bits per dimension', 'paper', 'minutes', 'command'], results);
