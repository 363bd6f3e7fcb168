import { expect, it } from 'vitest';
import { reparam, testFolder } from './command.ts';

const folder = testFolder();
const run = (...args: string[]) => reparam(args, { cwd: folder.path });

it('quality: training images are nearest to test images, noise from an untrained prior farthest', async () => {
  await run('train', 'digits', '--epochs', '8', '--num-samples', '0', '--out', 'vae', '--quiet');
  const { code, stdout } = await run('quality', 'vae', '--count', '297', '--threads', '1', '--json');
  expect(code).toBe(0);
  const { classifierAccuracy, distances, ratio } = JSON.parse(stdout);
  expect(classifierAccuracy).toBeGreaterThan(0.9);
  expect(distances['training images']).toBeLessThan(distances.reconstructions);
  expect(distances.reconstructions).toBeLessThan(distances['samples, prior']);
  expect(ratio).toBeCloseTo(distances['samples, mixture of codes'] / distances['samples, prior'], 12);
  const again = JSON.parse((await run('quality', 'vae', '--count', '297', '--threads', '1', '--json')).stdout);
  expect(again.distances).toEqual(distances);
}, 120_000);
