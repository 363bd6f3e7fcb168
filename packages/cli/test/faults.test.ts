import { copyFile, cp, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { digits, widthOf, writeNpy } from 'reparam';
import { readSafetensors, writeSafetensors } from 'reparam/io';
import { beforeAll, describe, expect, it } from 'vitest';
import { filesBelow, type Result, reparam, testFolder } from './command.ts';

const folder = testFolder();
const at = (...parts: string[]) => join(folder.path, ...parts);
const run = (...args: string[]): Promise<Result> => reparam(args, { cwd: folder.path });
const small = ['--set', 'model.hidden=[8]', '--latent-dim', '2', '--num-samples', '0', '-q'];

/** The idx header of `shape`, then `bytes` bytes. */
const idx = (shape: readonly number[], bytes: number, magic = [0, 0, 8]) => {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([...magic, shape.length]);
  shape.forEach((size, i) => {
    header.writeUInt32BE(size, 4 + 4 * i);
  });
  return Buffer.concat([header, Buffer.alloc(bytes, 7)]);
};

const npy = (values: number[], shape: readonly number[]) =>
  writeNpy({ dtype: 'float32', shape, data: Float32Array.from(values) });

beforeAll(async () => {
  await writeFile(at('empty.npy'), '');
  await writeFile(at('short-idx3-ubyte'), idx([10, 4, 4], 100));
  await writeFile(at('huge-idx3-ubyte'), idx([4_000_000_000, 4_000, 4_000], 0));
  await writeFile(at('magic-idx3-ubyte'), idx([10, 4, 4], 160, [1, 2, 8]));
  await writeFile(at('broken.npz'), 'PK\x03\x04 and no more');
  await writeFile(at('text.npy'), 'not an array at all');
  await writeFile(at('words.csv'), 'a,b\n1,2\n3,four\n');
  await writeFile(at('nan.npy'), npy([0, 1, Number.NaN, 1, 0, 0, 1, 1], [4, 2]));
  await writeFile(at('infinite.npy'), npy([0, 1, Number.POSITIVE_INFINITY, 1, 0, 0, 1, 1], [4, 2]));
  await writeFile(at('large.npy'), npy([0, 1, 2, 1, 0, 0, 1, 1], [4, 2]));
  await writeFile(at('ten-images-idx3-ubyte'), idx([10, 4, 4], 160));
  await writeFile(at('nine-labels-idx1-ubyte'), idx([9], 9));
  await mkdir(at('cache'));
  for (const name of ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte']) {
    await writeFile(at('cache', name), 'other bytes');
  }
  await writeFile(at('a-file'), '');
  const { stdout } = await run('train', 'digits', '--epochs', '2', '--out', 'good', ...small, '--json');
  expect(JSON.parse(stdout)).toHaveProperty('test.elbo');
});

describe('train refuses, with the right exit code, and leaves nothing behind', () => {
  it.each<[name: string, args: string[], code: number, message: RegExp]>([
    ['unknown data set', ['mnits'], 2, /no such data set.*"mnits".*Did you mean "mnist"\?/],
    ['unknown density preset', ['digits', '--preset', 'mixtur'], 2, /no such preset.*Did you mean "mixture"\?/],
    [
      'the beginning of a key',
      ['digits', '--set', 'model.lat=3'],
      2,
      /unknown configuration key.*Did you mean "model.latentDim"\?/,
    ],
    ['unknown preset', ['digits', '--preset', 'vea'], 2, /no such preset.*Did you mean "vae"\?/],
    [
      'unknown key',
      ['digits', '--set', 'training.epoch=3'],
      2,
      /unknown configuration key.*Did you mean "training.epochs"\?/,
    ],
    [
      'wrong type',
      ['digits', '--epochs', 'many'],
      2,
      /configuration training.epochs: got "many" \(text\), expected a whole number/,
    ],
    ['parts that do not fit', ['digits', '--micro-batches', '3'], 2, /micro-batches must divide the batch/],
    ['early stopping without validation', ['digits', '--patience', '2'], 2, /needs validation data/],
    ['a folder that is in use', ['digits', '--out', 'good'], 2, /not empty.*Choose another --out/],
    ['unknown format', ['a-file'], 2, /no such data set|format is not known/],
    ['missing file', ['none.npy'], 1, /there is no such file/],
    ['missing file of labels', ['words.csv', '--labels', 'kind'], 1, /kind.*no such file.*data\.labelColumn/],
    ['missing configuration', ['digits', '--config', 'none.json'], 1, /cannot read the file \(none.json\)/],
    ['empty file', ['empty.npy'], 1, /empty\.npy/],
    ['truncated idx', ['short-idx3-ubyte'], 1, /short-idx3-ubyte.*got.*expected/],
    ['gigantic header', ['huge-idx3-ubyte'], 1, /huge-idx3-ubyte.*got.*expected/],
    ['wrong magic', ['magic-idx3-ubyte'], 1, /magic-idx3-ubyte.*got.*expected/],
    ['broken npz', ['broken.npz'], 1, /broken\.npz/],
    ['text as npy', ['text.npy'], 1, /text\.npy/],
    ['words in a table', ['words.csv'], 1, /words\.csv.*four|line 3/],
    ['NaN', ['nan.npy'], 1, /not finite at row 1, column 0.*nan\.npy.*got NaN/],
    ['infinity', ['infinite.npy'], 1, /not finite at row 1, column 0.*got Infinity/],
    [
      'Bernoulli on values above 1',
      ['large.npy'],
      1,
      /Bernoulli likelihood needs values in \[0, 1\].*got values from 0 to 2.*Gaussian/,
    ],
    [
      'labels that do not match',
      ['ten-images-idx3-ubyte', '--labels', 'nine-labels-idx1-ubyte'],
      1,
      /labels.*got 9.*expected 10/,
    ],
    [
      'another sha256',
      ['mnist', '--data-dir', 'cache'],
      1,
      /got sha256 [0-9a-f]{64}, expected [0-9a-f]{64}.*left as it is/,
    ],
    ['a folder below a file', ['digits', '--out', 'a-file/run'], 1, /cannot write there/],
    ['a folder that cannot be', ['digits', '--out', '/proc/none/run'], 1, /cannot make the folder/],
    ['a runtime that is not there', ['digits', '--runtime', 'node', '--provider', 'dml'], 1, /./],
  ])('%s', async (_, args, code, message) => {
    const before = await filesBelow(folder.path);
    const result = await run('train', ...args, ...small, '--json');
    expect(result.stderr).toMatch(message);
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
    expect(result.code).toBe(code);
    expect(JSON.parse(result.stdout)).toEqual({
      error: expect.objectContaining({ message: expect.stringMatching(message) }),
    });
    expect(await filesBelow(folder.path)).toEqual(before);
  });

  it('a disk that is full from the start', async () => {
    const before = await filesBelow(folder.path);
    const args = ['train', 'digits', '--out', 'full', '-q'];
    const { code, stderr } = await reparam(args, { cwd: folder.path, fileLimit: 64 });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/cannot write the file \(full\/checkpoint.*EFBIG/)]);
    expect(await filesBelow(folder.path)).toEqual(before);
  });

  it('a disk that becomes full keeps the checkpoint; resume then goes on', async () => {
    // The report is the only file above the limit.
    const args = ['train', 'digits', '--epochs', '2', '--out', 'nearly', ...small];
    const { code, stderr } = await reparam(args, { cwd: folder.path, fileLimit: 48 });
    expect([code, stderr]).toEqual([1, expect.stringContaining('cannot write the file (nearly/report.html)')]);
    const files = await filesBelow(at('nearly'));
    expect(files).toContain('checkpoint.safetensors');
    expect(files.filter((name) => name.startsWith('.') || name === 'report.html')).toEqual([]);
    expect((await run('resume', 'nearly', '-q')).code).toBe(0);
    const finished = await readFile(at('nearly', 'model.safetensors'));
    expect(finished.equals(await readFile(at('good', 'model.safetensors')))).toBe(true);
  });

  it('a learning rate that diverges: exit 3, the last good checkpoint is kept', async () => {
    const { code, stdout, stderr } = await run(
      ...['train', 'digits', '--epochs', '3', '--out', 'diverged', ...small, '--json'],
      ...['--set', 'optimizer.kind=sgd', '--learning-rate', '1e20'],
    );
    expect(code).toBe(3);
    expect(stderr).toMatch(/diverged at step \d+: \w+ is (NaN|-?Infinity).*Lower the learning rate/);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'diverged' } });
    const { tensors } = readSafetensors(await readFile(at('diverged', 'checkpoint.safetensors')));
    for (const { data } of Object.values(tensors)) expect((data as Float32Array).every(Number.isFinite)).toBe(true);
    expect((await run('resume', 'diverged', '-q')).code).toBe(3);
    expect((await run('show', 'diverged')).code).toBe(0);
  });
});

describe('a run folder', () => {
  let copies = 0;
  /** A copy of the good run, changed by `change`. */
  const damaged = async (change: (path: (name: string) => string) => Promise<unknown>): Promise<string> => {
    const name = `copy-${copies++}`;
    await cp(at('good'), at(name), { recursive: true });
    await change((file) => at(name, file));
    return name;
  };
  const unfinished = async (change: (path: (name: string) => string) => Promise<unknown>): Promise<string> =>
    damaged(async (path) => {
      await rm(path('evaluation.json'));
      await change(path);
    });
  const failure = async (
    command: string,
    name: string,
  ): Promise<{ code: number | null; kind: string; message: string }> => {
    const { code, stdout, stderr } = await run(command, name, '--json', '-q');
    expect(stderr.trim().split('\n')).toHaveLength(1);
    return { code, kind: JSON.parse(stdout).error.code, message: stderr };
  };

  it.each<[name: string, command: string, make: () => Promise<string>, kind: string, message: RegExp]>([
    ['no folder', 'evaluate', async () => 'nowhere', 'file', /not a run folder \(nowhere\): got nothing there/],
    [
      'an empty folder',
      'resume',
      () => damaged((path) => rm(path('config.json'))),
      'file',
      /folder without config\.json/,
    ],
    ['broken config.json', 'show', () => damaged((path) => writeFile(path('config.json'), '{')), 'data', /is not JSON/],
    [
      'config.json of something else',
      'show',
      () => damaged((path) => writeFile(path('config.json'), '{"compilerOptions":{}}')),
      'data',
      /unknown configuration key|configuration/,
    ],
    [
      'no weights',
      'evaluate',
      () => damaged((path) => Promise.all([rm(path('model.safetensors')), rm(path('checkpoint.safetensors'))])),
      'file',
      /neither model\.safetensors nor checkpoint\.safetensors/,
    ],
    [
      'truncated weights',
      'evaluate',
      () => damaged((path) => truncate(path('model.safetensors'), 2000)),
      'data',
      /truncated.*model\.safetensors/,
    ],
    [
      'weights of another model',
      'evaluate',
      () =>
        damaged(async (path) => {
          const config = JSON.parse((await readFile(path('config.json'))).toString());
          config.model.hidden = [9];
          await writeFile(path('config.json'), JSON.stringify(config));
        }),
      'data',
      /does not belong to this run.*encoder\.0\.weight.*got float32 \[(8, 64|64, 8)\], expected float32 \[(9, 64|64, 9)\]/,
    ],
    [
      'weights with a tensor too many',
      'evaluate',
      () =>
        damaged(async (path) => {
          const { tensors } = readSafetensors(await readFile(path('model.safetensors')));
          const extra = { ...tensors, intruder: tensors['output.bias']! };
          await writeFile(path('model.safetensors'), writeSafetensors(extra));
        }),
      'data',
      /a tensor too many.*intruder/,
    ],
    [
      'no checkpoint',
      'resume',
      () => unfinished((path) => rm(path('checkpoint.safetensors'))),
      'file',
      /checkpoint\.safetensors/,
    ],
    [
      'something else as checkpoint',
      'resume',
      () => unfinished((path) => copyFile(path('model.safetensors'), path('checkpoint.safetensors'))),
      'data',
      /not a checkpoint/,
    ],
    [
      'a checkpoint of another configuration',
      'resume',
      () =>
        unfinished(async (path) => {
          const config = JSON.parse((await readFile(path('config.json'))).toString());
          config.training.epochs = 5;
          await writeFile(path('config.json'), JSON.stringify(config));
        }),
      'data',
      /written for another configuration/,
    ],
    ['no learning curves', 'resume', () => unfinished((path) => rm(path('metrics.jsonl'))), 'file', /metrics\.jsonl/],
    [
      'learning curves with a hole',
      'resume',
      () =>
        unfinished(async (path) => {
          const lines = (await readFile(path('metrics.jsonl'))).toString().split('\n');
          await writeFile(path('metrics.jsonl'), lines.slice(1).join('\n'));
        }),
      'data',
      /learning curves do not fit the checkpoint.*got 1 line.*expected one for each of 2 epochs/,
    ],
    [
      'a run that another process trains',
      'resume',
      () => unfinished((path) => writeFile(path('.lock'), JSON.stringify({ pid: process.pid, host: hostname() }))),
      'file',
      /another process is training into this folder.*process \d+/,
    ],
    [
      'a run locked on another machine',
      'resume',
      () => unfinished((path) => writeFile(path('.lock'), JSON.stringify({ pid: 1, host: 'another.example' }))),
      'file',
      /process 1 on another\.example/,
    ],
  ])('%s', async (_, command, make, kind, message) => {
    const name = await make();
    const error = await failure(command, name);
    expect(error.message).toMatch(message);
    expect([error.code, error.kind]).toEqual([1, kind]);
  });

  it('stale locks are taken over: of a process that ended, of a later one with its number, a torn one', async () => {
    const stale = [
      { pid: 2 ** 22 + 1, host: hostname() },
      { pid: process.pid, host: hostname(), started: '1' },
    ].map((owner) => JSON.stringify(owner));
    for (const lock of [...stale, '{"pid":']) {
      const name = await unfinished((path) => writeFile(path('.lock'), lock));
      expect((await run('resume', name, '-q')).code).toBe(0);
      expect(await filesBelow(at(name))).toEqual(await filesBelow(at('good')));
    }
  });

  it('weights that are missing come from the checkpoint', async () => {
    const name = await damaged((path) => rm(path('model.safetensors')));
    const test = async (place: string) => JSON.parse((await run('evaluate', place, '-q', '--json')).stdout).test;
    expect(await test(name)).toEqual(await test('good'));
  });

  it('pictures and exports that are missing are made again', async () => {
    const name = await damaged((path) => Promise.all([rm(path('encoder.onnx')), rm(path('report.html'))]));
    expect((await run('resume', name, '-q')).code).toBe(0);
    expect(await filesBelow(at(name))).toEqual(await filesBelow(at('good')));
  });

  it('examples of another size are refused at evaluation', async () => {
    const images = digits('test');
    await writeFile(at('wide.npy'), npy(new Array(40 * (widthOf(images) + 1)).fill(0.5), [40, widthOf(images) + 1]));
    const { code, stderr } = await run('evaluate', 'good', '--dataset', 'wide.npy', '-q');
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(/got.*65.*expected|shape/);
  });

  it('changed data are noticed on resuming', async () => {
    const values = Array.from({ length: 80 }, (_, i) => (i % 3 === 0 ? 1 : 0));
    await writeFile(at('bits.npy'), npy(values, [40, 2]));
    expect((await run('train', 'bits.npy', '--epochs', '1', '--out', 'bits', ...small)).code).toBe(0);
    await rm(at('bits', 'evaluation.json'));
    await writeFile(
      at('bits.npy'),
      npy(
        values.map((value) => 1 - value),
        [40, 2],
      ),
    );
    const error = await failure('resume', 'bits');
    expect(error).toMatchObject({
      code: 1,
      kind: 'data',
      message: expect.stringContaining('training data have changed'),
    });
  });
});

describe('before anything is computed', () => {
  it.each([
    ['sample', 'good', '--out', 'a-file/samples.png'],
    ['lab', 'em', '--out', 'a-file/em'],
    ['encode', 'good', '--dataset', 'digits', '--out', 'a-file/below/codes.npy'],
  ])('%s refuses a place that cannot be written', async (...args) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/cannot write there \(a-file.*ENOTDIR/);
  });

  it.each([
    [['trian', 'x'], 'reparam --help'],
    [['train'], 'reparam train --help'],
    [['lab', 'em', '--foo'], 'reparam lab em --help'],
  ])('a wrong use, %j, names the help to read', async (args, help) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(`See ${help}`);
  });
});
