import { appendFile, mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors } from 'reparam/io';
import { beforeAll, describe, expect, it } from 'vitest';
import { filesBelow, type Result, type RunOptions, reparam, testFolder } from './command.ts';

const folder = testFolder();
const at = (...parts: string[]) => join(folder.path, ...parts);
const run = (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Result> =>
  reparam(args, { cwd: folder.path, ...options });

/** About two seconds of training, with validation, a schedule and early stopping that never comes. */
const training = [
  ...['train', 'digits', '--epochs', '20', '--batch-size', '16', '--validation', '200', '--patience', '100'],
  ...['--set', 'model.hidden=[64]', '--latent-dim', '8', '--num-samples', '2', '-q', '--seed', '3', '--out'],
];

/** All that must be the same, whatever happened on the way: weights, optimiser, learning curves (times aside), figures. */
async function outcome(name: string) {
  const lines = (await readFile(at(name, 'metrics.jsonl'))).toString().trim().split('\n');
  const timeless = (text: string) => {
    const { seconds: _, stepMs: __, ...rest } = JSON.parse(text);
    return rest;
  };
  const bytes = async (file: string) => (await readFile(at(name, file))).toString('base64');
  return {
    files: await filesBelow(at(name)),
    metrics: lines.map(timeless),
    evaluation: timeless((await readFile(at(name, 'evaluation.json'))).toString()),
    model: await bytes('model.safetensors'),
    checkpoint: await bytes('checkpoint.safetensors'),
    samples: await bytes('samples.png'),
  };
}

const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('a run that is stopped and resumed equals one that never was', () => {
  let whole: Awaited<ReturnType<typeof outcome>>;
  beforeAll(async () => {
    expect(await run([...training, 'whole'])).toMatchObject({ code: 0, stderr: '' });
    whole = await outcome('whole');
    expect(whole.metrics).toHaveLength(20);
  });

  it.each([1, 2])('killed at random moments (%i)', async (attempt) => {
    const name = `killed-${attempt}`;
    const moments: number[] = [];
    const kill = async (args: readonly string[]) => {
      const moment = 500 + Math.random() * 2500;
      moments.push(Math.round(moment));
      return run(args, { onStart: (child) => after(moment).then(() => child.kill('SIGKILL')) });
    };
    let result = await kill([...training, name]);
    // A kill before the folder is complete leaves nothing to resume.
    if (!(await filesBelow(folder.path)).includes(join(name, 'checkpoint.safetensors')))
      result = await run([...training, name]);
    for (let kills = 0; result.code !== 0 && kills < 4; kills++) result = await kill(['resume', name, '-q']);
    if (result.code !== 0) result = await run(['resume', name, '-q']);
    expect([moments, result.code, result.stderr]).toEqual([moments, 0, '']);
    expect(await outcome(name)).toEqual(whole);
  });

  it('killed between a line of metrics.jsonl and its checkpoint, in the middle of a line', async () => {
    // A torn line and epochs that no checkpoint holds, as a kill leaves them.
    const name = 'torn';
    await run([...training, name], {
      onStart: async (child) => {
        const metrics = at(name, 'metrics.jsonl');
        while ((await readFile(metrics).catch(() => '')).toString().split('\n').length < 4) await after(5);
        child.kill('SIGKILL');
      },
    });
    await appendFile(at(name, 'metrics.jsonl'), '{"epoch":19,"step":1}\n{"epoch":20,"st');
    expect(await run(['resume', name, '-q'])).toMatchObject({ code: 0, stderr: '' });
    expect(await outcome(name)).toEqual(whole);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('%s: checkpoint, exit 130, then resumed', async (signal) => {
    const name = `stopped-${signal}`;
    const args = [...training.filter((arg) => arg !== '-q'), name];
    let isSent = false;
    const stopped = await run(args, {
      onStderr: (child, soFar) => {
        if (isSent || !soFar.includes('epoch  3/20')) return;
        isSent = true;
        child.kill(signal);
      },
    });
    expect([stopped.code, stopped.signal, stopped.stdout]).toEqual([130, null, '']);
    expect(stopped.stderr).toContain(`Go on with: reparam resume ${name}`);
    expect(await filesBelow(at(name))).toEqual(['checkpoint.safetensors', 'config.json', 'metrics.jsonl']);
    expect(await run(['resume', name, '-q'])).toMatchObject({ code: 0, stderr: '' });
    expect(await outcome(name)).toEqual(whole);
  });
});

describe('in the middle of an epoch', () => {
  // 1500 steps an epoch: several calls of the runtime, so that a signal comes within one.
  const args = [
    'train',
    'digits',
    '--epochs',
    '2',
    '--batch-size',
    '1',
    '--set',
    'model.hidden=[64]',
    '--num-samples',
    '0',
    '-q',
    '--json',
    '--out',
  ];

  it('an interrupted run keeps its place and its sums', async () => {
    expect((await run([...args, 'whole-2'])).code).toBe(0);
    let step = 0;
    let name = '';
    for (let attempt = 0; attempt < 5 && step % 1500 === 0; attempt++) {
      name = `middle-${attempt}`;
      const stopped = await run([...args, name], {
        onStart: async (child) => {
          while (!(await filesBelow(folder.path)).includes(join(name, 'checkpoint.safetensors'))) await after(5);
          await after(300 + 100 * attempt);
          child.kill('SIGINT');
        },
      });
      expect(stopped.code).toBe(130);
      expect(JSON.parse(stopped.stdout)).toMatchObject({ error: { code: 'interrupted' } });
      const { metadata } = readSafetensors(await readFile(at(name, 'checkpoint.safetensors')));
      step = Number(metadata.step);
    }
    expect(step % 1500).toBeGreaterThan(0);
    expect((await run(['resume', name, '-q'])).code).toBe(0);
    expect(await outcome(name)).toEqual(await outcome('whole-2'));
  });
});

describe('two processes', () => {
  it('cannot train into one folder', async () => {
    const place = await mkdtemp(at('shared-'));
    let second: Promise<Result> | undefined;
    const first = await run([...training.filter((arg) => arg !== '-q'), place], {
      onStderr: (_, soFar) => {
        if (soFar.includes('epoch  1/20')) second ??= run(['resume', place, '-q']);
      },
    });
    expect(first.code).toBe(0);
    expect(await second).toMatchObject({ code: 1, stderr: expect.stringContaining('another process is training') });
  });
});
