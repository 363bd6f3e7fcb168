import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostTensor } from '@reparam/tensor';
import { writeNpy } from 'reparam';
import { encodePng } from 'reparam/plot';
import { beforeAll, describe, expect, it } from 'vitest';
import { reparam, testFolder } from './command.ts';

const folder = testFolder();
const at = (...parts: string[]) => join(folder.path, ...parts);
const run = (args: readonly string[], onStderr?: Parameters<typeof reparam>[1]['onStderr']) =>
  reparam(args, { cwd: folder.path, env: { REPARAM_CACHE: at('cache') }, ...(onStderr && { onStderr }) });

const small = ['--set', 'model.hidden=[8]', '--latent-dim', '2', '--batch-size', '32', '--num-samples', '2'];

describe('a streamed set', () => {
  const args = (out: string) => [
    ...['train', 'rows.npy', '--set', 'data.stream=true', '--set', 'data.shuffleBuffer=2000000', '--validation', '0.1'],
    ...['--set', 'model.likelihood={"kind":"gaussian","scale":"shared"}', '--epochs', '4', ...small, '--out', out],
  ];
  beforeAll(async () => {
    const [rows, width] = [3000, 800];
    const values = Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i) * Math.cos(i / 9000));
    await writeFile(at('rows.npy'), writeNpy(hostTensor(values, [rows, width])));
  });

  it('says so, and stopped and resumed it comes to the same weights', async () => {
    const whole = await run(args('whole'));
    expect(whole.code).toBe(0);
    expect(whole.stderr).toMatch(
      /2430 training examples, binarisation none, streamed from its file, shuffled \d+ examples at a time/,
    );
    let isSent = false;
    const stopped = await run(args('stopped'), (child, soFar) => {
      if (isSent || !/epoch 1\/4/.test(soFar)) return;
      isSent = true;
      child.kill('SIGINT');
    });
    expect(stopped.code).toBe(130);
    expect((await run(['resume', 'stopped', '-q'])).code).toBe(0);
    for (const file of ['model.safetensors', 'checkpoint.safetensors']) {
      expect((await readFile(at('stopped', file))).equals(await readFile(at('whole', file)))).toBe(true);
    }
    const evaluated = await run(['evaluate', 'whole', '--num-samples', '0', '--json']);
    expect(JSON.parse(evaluated.stdout).test.numExamples).toBe(300);
    expect((await run(['encode', 'whole', '--out', 'codes.npy', '-q'])).code).toBe(0);
  });

  it('is refused for a table, with exit code 2', async () => {
    await writeFile(at('a.csv'), '1,2\n3,4\n');
    const result = await run(['train', 'a.csv', '--set', 'data.stream=true', '--out', 'none']);
    expect([result.code, result.stderr]).toEqual([2, expect.stringMatching(/cannot be read as it is needed/)]);
  });
});

describe('a folder of images', () => {
  it('trains, and a damaged one is named with exit code 1', async () => {
    for (let i = 0; i < 40; i++) {
      const name = i % 2 ? 'odd' : 'even';
      await mkdir(at('images', name), { recursive: true });
      const pixels = Uint8Array.from({ length: 36 }, (_, k) => 25 * ((k * (i + 3)) % 11));
      await writeFile(at('images', name, `${i}.png`), encodePng({ width: 6, height: 6, channels: 1, data: pixels }));
    }
    const args = ['train', 'images', '--epochs', '1', ...small, '--out', 'run'];
    const trained = await run([...args, '--set', 'data.channels=1', '--set', 'data.resize=4']);
    expect([trained.code, trained.stderr]).toEqual([
      0,
      expect.stringMatching(/summed over its 4×4 values.*36 training examples/),
    ]);
    await writeFile(at('images', 'odd', '1.png'), 'no image');
    const damaged = await run(args);
    expect([damaged.code, damaged.stderr]).toEqual([
      1,
      expect.stringMatching(/not a PNG, JPEG or WebP image.*1\.png/s),
    ]);
  });
});

it('counts in a table train under a Poisson likelihood', async () => {
  const lines = Array.from({ length: 60 }, (_, i) => [i % 5, (i * 7) % 3, 12 - (i % 13), 0].join(','));
  await writeFile(at('counts.csv'), `${lines.join('\n')}\n`);
  const result = await run([
    ...[
      'train',
      'counts.csv',
      '--set',
      'model.likelihood={"kind":"poisson"}',
      '--epochs',
      '1',
      ...small,
      '--out',
      'counts',
    ],
  ]);
  expect([result.code, result.stderr]).toEqual([0, expect.stringMatching(/54 training examples/)]);
});
