import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digits } from 'reparam';
import { expect, it } from 'vitest';
import { type Result, reparam, testFolder } from './command.ts';

const folder = testFolder();
const small = ['--epochs', '1', '--num-samples', '4', '--set', 'model.hidden=[16]', '--set', 'model.latentDim=2'];
const run = (...args: string[]): Promise<Result> => reparam(['train', ...args, ...small], { cwd: folder.path });

/** Digits as an IDX file of bytes up to 255. */
async function bytesFile(): Promise<string> {
  const count = 60;
  const values = digits('test').data.subarray(0, 64 * count);
  const path = join(folder.path, 'bytes-idx3-ubyte');
  await writeFile(path, Uint8Array.from([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 8, 0, 0, 0, 8, ...values.map(widened)]));
  return path;
}

const widened = (value: number): number => Math.min(255, 16 * value);

it('counts: digits at scale 1, and what is refused', async () => {
  const refused = await run('digits', '--preset', 'vae-counts');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/zero-inflated negative binomial.*expected whole numbers.*data.scale=1/);
  const bits = await run('digits', '--preset', 'vae-counts', '--set', 'data.scale=1', '--binarization', 'dynamic');
  expect([bits.code, bits.stderr]).toEqual([2, expect.stringMatching(/not for bits/)]);
  const trained = await run('digits', '--preset', 'vae-counts', '--set', 'data.scale=1', '--json');
  expect([trained.code, trained.stderr.includes('non-finite')]).toEqual([0, false]);
  const { test } = JSON.parse(trained.stdout);
  expect(test.quantity).toBe('probability');
  expect(test.elbo).toBeLessThan(0);
  expect(test).not.toHaveProperty('bitsPerDimension');
});

it('bytes: bits per dimension in the table and the object; densities are called that', async () => {
  const path = await bytesFile();
  const bytes = await run(path, '--set', 'model.likelihood.kind=discretized-logistic', '--json', '--out', 'bytes');
  expect([bytes.code, bytes.stderr]).toEqual([0, expect.anything()]);
  const { test } = JSON.parse(bytes.stdout);
  expect(test.bitsPerDimension).toBeCloseTo(-test.logLikelihood / (64 * Math.LN2), 10);
  const table = await reparam(['evaluate', 'bytes'], { cwd: folder.path });
  expect(table.stdout).toMatch(/bits per dimension +[\d.]+ ± [\d.]+ +bits\/value/);
  const unit = await run(path, '--set', 'model.likelihood.kind=continuous-bernoulli');
  expect(unit.stdout).toMatch(/figures +densities +depend on the scale of the data/);
});
