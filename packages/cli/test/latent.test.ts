import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostTensor } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { decode } from 'fast-png';
import {
  decodeMeans,
  digits,
  encode,
  interpolate,
  parseCsv,
  parseNpy,
  reconstruct,
  sample,
  take,
  writeNpy,
} from 'reparam';
import { readSafetensors } from 'reparam/io';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elementsOf } from '../../reparam/test/plot/wellFormed.ts';
import type { Run } from '../src/run/openRun.ts';
import { named } from '../src/run/weights.ts';
import { inProcess } from './command.ts';
import { drawnRun } from './drawnRun.ts';

let folder: string;
let run: Run;
let plane: Run;
let grey: Run;
let table: Run;

interface Settings {
  readonly shape: readonly number[];
  readonly latentDim: number;
  readonly likelihood: 'bernoulli' | 'gaussian';
}

/** A run folder with a small model of the digits whose weights are drawn, not trained. */
const makeRun = (name: string, { shape, latentDim, likelihood }: Settings): Promise<Run> =>
  drawnRun(join(folder, name), {
    data: 'digits',
    shape,
    binarization: likelihood === 'bernoulli' ? 'dynamic' : 'none',
    model: { latentDim, likelihood: { kind: likelihood } },
    spread: 0.5,
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reparam-latent-'));
  run = await makeRun('five', { shape: [8, 8], latentDim: 5, likelihood: 'bernoulli' });
  plane = await makeRun('plane', { shape: [8, 8], latentDim: 2, likelihood: 'bernoulli' });
  grey = await makeRun('grey', { shape: [8, 8], latentDim: 3, likelihood: 'gaussian' });
  table = await makeRun('table', { shape: [64], latentDim: 3, likelihood: 'gaussian' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const reparam = (...args: string[]) => inProcess(args);

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await reparam(...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Small images of a picture as numbers from 0 to 255, read back from the PNG: `columns` of 8 × 8 a row. */
async function images(file: unknown, columns: number, { padding = 2, gap = 0, group = 1, scale = 8 } = {}) {
  const { width, height, data } = decode(await readFile(file as string));
  expect(width).toBe(padding + columns * (8 * scale + padding));
  const top = (row: number) => padding + row * (8 * scale + padding) + gap * Math.floor(row / group);
  const rows: number[][] = [];
  for (let row = 0; top(row) + 8 * scale <= height; row++) {
    for (let column = 0; column < columns; column++) {
      const at = (y: number, x: number) =>
        data[(top(row) + y * scale) * width + padding + column * (8 * scale + padding) + x * scale]!;
      rows.push(Array.from({ length: 64 }, (_, i) => at(i >> 3, i & 7)));
    }
  }
  return rows;
}

/** Small images of a chart written as SVG, from its cells. */
async function cells(file: unknown): Promise<number[][]> {
  const svg = await readFile(file as string, 'utf8');
  return [...svg.matchAll(/href="data:image\/png;base64,([^"]+)"/g)].map(([, png]) => [
    ...decode(Buffer.from(png!, 'base64')).data,
  ]);
}

/** Values in [0, 1], a row an image, as the picture should hold them. */
const bytes = ({ data, shape }: HostTensor) =>
  Array.from({ length: shape[0]! }, (_, i) =>
    Array.from((data as Float32Array).subarray(i * 64, (i + 1) * 64), (v) =>
      Math.round(255 * Math.min(1, Math.max(0, v))),
    ),
  );

const settings = async () => ({ runtime: await nodeRuntime(), binarization: 'dynamic', seed: 4 }) as const;

describe('pictures', () => {
  it('sample: the first of many samples, with the seed of the run', async () => {
    const { file, count, seed } = await json('sample', run.folder, '--count', '9');
    expect([file, count, seed]).toEqual([join(run.folder, 'samples-9.png'), 9, 4]);
    const { mean, x } = await sample(run.model, run.params, 20, await settings());
    expect(await images(file, 3)).toEqual(bytes(mean).slice(0, 9));

    const out = join(folder, 'bits.png');
    const binary = await json('sample', run.folder, '--count', '4', '--binary', '--out', out);
    expect(await images(binary.file, 2)).toEqual(bytes(x).slice(0, 4));
    await json('sample', run.folder, '--count', '4', '--seed', '5', '--out', out);
    expect(await images(out, 2)).not.toEqual(bytes(mean).slice(0, 4));
  });

  it('reconstruct: what the model saw above what it made of it', async () => {
    const { file, count } = await json('reconstruct', run.folder, '--count', '12');
    expect([file, count]).toEqual([join(run.folder, 'reconstructions-12-test.png'), 12]);
    const { input, mean } = await reconstruct(run.model, run.params, take(digits('test'), 12), await settings());
    const shown = await images(file, 10, { gap: 6, group: 2 });
    const [above, below] = [bytes(input), bytes(mean)];
    expect(shown.slice(0, 20)).toEqual([...above.slice(0, 10), ...below.slice(0, 10)]);
    expect([...shown.slice(20, 22), ...shown.slice(30, 32)]).toEqual([...above.slice(10), ...below.slice(10)]);
  });

  it('interpolate: both examples at the ends, decoded codes between', async () => {
    const args = ['interpolate', run.folder, '--from', '3', '--to', '0', '--steps', '6', '--split', 'train'];
    const { file } = await json(...args);
    expect(file).toBe(join(run.folder, 'interpolation.png'));
    expect(decode(await readFile(file as string)).width).toBeGreaterThan(8 * 56);
    const out = join(folder, 'interpolation.svg');
    const data = take(digits('train'), 4);
    const { mean: z } = await encode(run.model, run.params, data, await settings());
    const { input } = await reconstruct(run.model, run.params, data, await settings());
    const code = (i: number) => (z.data as Float32Array).subarray(5 * i, 5 * i + 5);
    for (const path of ['linear', 'spherical'] as const) {
      await json(...args, '--path', path, '--out', out);
      const decoded = await decodeMeans(
        run.model,
        run.params,
        interpolate(code(3), code(0), 6, path),
        await settings(),
      );
      expect(await cells(out)).toEqual([bytes(input)[3], ...bytes(decoded), bytes(input)[0]]);
    }
  });

  it('traverse: a row a dimension, the largest KL first, through the code of the example', async () => {
    const out = join(folder, 'traversal.svg');
    const result = await json('traverse', run.folder, '--dims', '3', '--steps', '5', '--around', '2', '--out', out);
    const rows = result.rows as { dim: number; kl: number }[];
    expect(rows).toHaveLength(3);
    expect(rows.map(({ kl }) => kl)).toEqual(rows.map(({ kl }) => kl).sort((a, b) => b - a));
    const { mean: z } = await encode(run.model, run.params, take(digits('test'), 3), await settings());
    const codes = rows.flatMap(({ dim }) =>
      [-3, -1.5, 0, 1.5, 3].map((value) => Array.from((z.data as Float32Array).subarray(10, 15)).with(dim, value)),
    );
    const expected = await decodeMeans(
      run.model,
      run.params,
      { dtype: 'float32', shape: [15, 5], data: Float32Array.from(codes.flat()) },
      await settings(),
    );
    expect(await cells(out)).toEqual(bytes(expected));
    const svg = await readFile(out, 'utf8');
    for (const { dim, kl } of rows) expect(svg).toMatch(new RegExp(`>z${dim}<.*>${kl.toFixed(2)} nats<`));

    await json('traverse', run.folder, '--around', 'prior', '--steps', '3', '--out', out);
    const middles = (await cells(out)).filter((_, i) => i % 3 === 1);
    expect(middles).toHaveLength(5);
    expect(new Set(middles.map(String)).size).toBe(1);
  });

  it('interpolate: from the mean code of a class to that of another, on both paths', async () => {
    const out = join(folder, 'classes.svg');
    const ends = ['--from-label', '3', '--to-label', '8'];
    await json('interpolate', run.folder, ...ends, '--path', 'both', '--steps', '4', '--out', out);
    const data = digits('test');
    const { mean } = await encode(run.model, run.params, data, await settings());
    const meanOf = (label: number) => {
      const rows = [...data.labels!.keys()].filter((i) => data.labels![i] === label);
      return Float32Array.from({ length: 5 }, (_, d) =>
        rows.reduce((sum, i) => sum + mean.data[5 * i + d]! / rows.length, 0),
      );
    };
    const expected: number[][] = [];
    for (const path of ['linear', 'spherical'] as const) {
      const way = interpolate(meanOf(3), meanOf(8), 4, path);
      expected.push(...bytes(await decodeMeans(run.model, run.params, way, await settings())));
    }
    const shown = await cells(out);
    expect(shown).toHaveLength(8);
    // Means are summed in another order: the last bit of a byte may differ.
    shown.flat().forEach((value, i) => {
      expect(Math.abs(value - expected.flat()[i]!)).toBeLessThanOrEqual(1);
    });
  });

  it('manifold: quantiles to the right and upwards', async () => {
    const { file } = await json('manifold', plane.folder, '--size', '3');
    expect(file).toBe(join(plane.folder, 'manifold-3.png'));
    const q = 0.967421566101701; // normal quantile of 5/6
    const codes = Float32Array.from([q, 0, -q].flatMap((up) => [-q, up, 0, up, q, up]));
    const expected = await decodeMeans(
      plane.model,
      plane.params,
      { dtype: 'float32', shape: [9, 2], data: codes },
      await settings(),
    );
    expect(await images(file, 3, { padding: 0, scale: 4 })).toEqual(bytes(expected));
  });

  it('draws means of a Gaussian likelihood too', async () => {
    const { file } = await json('sample', grey.folder, '--count', '4');
    const { mean } = await sample(grey.model, grey.params, 4, await settings());
    expect(await images(file, 2)).toEqual(bytes(mean));
  });

  it('says in words what it wrote', async () => {
    const { code, stdout, stderr } = await reparam('sample', run.folder, '--count', '2');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(`${join(run.folder, 'samples-2.png')}  2 samples (134 × 68 pixels)\n`);
  });
});

describe('figures', () => {
  const figures = ['latent', 'histograms', 'aggregate-contours', 'aggregate-quantiles', 'traversal', 'interpolation'];

  it('plot writes every figure that the run allows, as SVG or PNG', async () => {
    const svg = await json('plot', run.folder, '--format', 'svg');
    const names = (svg.figures as { file: string; caption: string }[]).map(({ file }) => file);
    expect(names).toEqual([...figures, 'neighbours'].map((name) => join(run.folder, 'figures', `${name}.svg`)));
    for (const file of names) elementsOf(await readFile(file, 'utf8'));

    const png = await json('plot', plane.folder, '--what', 'manifold');
    const [{ file }] = png.figures as [{ file: string }];
    const { width, data, channels } = decode(await readFile(file));
    expect(width).toBe(Math.round(1.5 * (560 + 54)));
    // Words are drawn without fonts of the system: dark pixels in the line of the title.
    const title = data.slice(15 * width * channels, 30 * width * channels);
    expect(title.filter((value, i) => i % channels === 0 && value < 100).length).toBeGreaterThan(100);
  });

  it('neighbours are the nearest training examples to the samples', async () => {
    await json('plot', run.folder, '--what', 'neighbours', '--format', 'svg');
    const shown = await cells(join(run.folder, 'figures', 'neighbours.svg'));
    const train = digits('train');
    const { mean } = await sample(run.model, run.params, 8, await settings());
    const first = mean.data.subarray(0, 64);
    const distances = Array.from({ length: train.size }, (_, i) => ({
      i,
      square: first.reduce((sum, v, j) => sum + (v - train.data[64 * i + j]! / 16) ** 2, 0),
    })).sort((a, b) => a.square - b.square);
    const example = (i: number) => Array.from(train.data.slice(64 * i, 64 * i + 64), (v) => Math.round((255 * v) / 16));
    expect(shown).toHaveLength(8 * 6);
    expect(shown.slice(0, 6)).toEqual([bytes(mean)[0], ...distances.slice(0, 5).map(({ i }) => example(i))]);
    const svg = await readFile(join(run.folder, 'figures', 'neighbours.svg'), 'utf8');
    expect(svg).toContain(`>${Math.sqrt(distances[0]!.square).toFixed(2)}<`);
  });

  it('latents compares two runs', async () => {
    const out = join(folder, 'latents.svg');
    const { runs } = await json('latents', plane.folder, run.folder, '--holes', '3', '--out', out);
    expect((runs as { holes: number[] }[]).map(({ holes }) => holes.length)).toEqual([3, 3]);
    expect(await cells(out)).toHaveLength(6);
    elementsOf(await readFile(out, 'utf8'));
  });

  it.each(['architecture', 'plate', 'computation'])('diagram of a run and of a preset: %s', async (kind) => {
    const { file } = await json('diagram', run.folder, '--kind', kind);
    expect(file).toBe(join(run.folder, `${kind}.svg`));
    expect(await readFile(file as string, 'utf8')).toContain('vae on digits');
    const out = join(folder, `${kind}.png`);
    await json('diagram', 'vae-2d', '--kind', kind, '--out', out);
    expect(decode(await readFile(out)).width).toBeGreaterThan(400);
  });
});

describe('encode', () => {
  it('writes means, with scales when asked for, as npy', async () => {
    const out = join(folder, 'codes.npy');
    const answer = await json('encode', run.folder, '--split', 'test', '--out', out);
    const { mean, scale } = await encode(run.model, run.params, digits('test'), await settings());
    expect([answer.file, answer.rows, answer.columns]).toEqual([out, mean.shape[0], 5]);
    const read = parseNpy(await readFile(out));
    expect([read.shape, read.data]).toEqual([mean.shape, mean.data]);

    await json('encode', run.folder, '--split', 'test', '--out', out, '--with-scale');
    const both = parseNpy(await readFile(out));
    const [means, scales] = [mean, scale!].map((t) => t.data as Float32Array) as [Float32Array, Float32Array];
    expect(both.shape).toEqual([mean.shape[0], 10]);
    expect([...both.data.slice(10, 20)]).toEqual([...means.slice(5, 10), ...scales.slice(5, 10)]);
  });

  it('writes every example in its order by default, and labels in CSV', async () => {
    const out = join(folder, 'codes.csv');
    await json('encode', run.folder, '--out', out, '--binarization', 'none');
    const all = digits('all');
    const { mean } = await encode(run.model, run.params, all, { runtime: await nodeRuntime() });
    const read = parseCsv(await readFile(out));
    expect(read.names).toEqual(['z0', 'z1', 'z2', 'z3', 'z4']);
    expect(read.data).toEqual(mean.data);
    expect(read.labels).toEqual(all.labels);
  });

  it('keeps the words of labels, and takes files', async () => {
    const source = join(folder, 'words.csv');
    const row = (label: string) => `${Array(64).fill(0.5).join(',')},"${label}"`;
    const header = `${Array.from({ length: 64 }, (_, i) => `p${i}`)},label`;
    await writeFile(source, `${[header, row('cat'), row('a, ""b""'), row('cat')].join('\n')}\n`);
    const out = join(folder, 'words-codes.csv');
    await json('encode', table.folder, '--dataset', source, '--out', out);
    const lines = (await readFile(out, 'utf8')).trim().split('\n');
    expect(lines.map((line) => line.split(',').slice(3).join(','))).toEqual(['label', 'cat', '"a, ""b"""', 'cat']);
  });
});

describe('export', () => {
  it('writes both ONNX models and the weights, here or elsewhere', async () => {
    const here = await json('export', run.folder);
    const out = join(folder, 'exported', 'deep');
    const there = await json('export', run.folder, '--out', out);
    expect((await readdir(out)).sort()).toEqual(['decoder.onnx', 'encoder.onnx', 'model.safetensors']);
    for (const part of ['encoder', 'decoder', 'weights']) {
      expect(await readFile(there[part] as string)).toEqual(await readFile(here[part] as string));
    }
    const { tensors } = readSafetensors(await readFile(there.weights as string));
    expect(tensors).toEqual(named(run.params));
    const ort = await import('onnxruntime-node');
    const session = await ort.InferenceSession.create(await readFile(there.decoder as string));
    const { mean } = await session.run({ z: new ort.Tensor('float32', new Float32Array(15), [3, 5]) });
    expect(mean!.dims).toEqual([3, 8, 8]);
  });
});

describe('what is refused', () => {
  const png = (name: string) => join(folder, `${name}.png`);
  const cases: Record<string, { args: () => string[]; code: number; says: string }> = {
    'a run that is none': { args: () => ['sample', folder], code: 1, says: 'not a run folder' },
    'an index beyond the data': {
      args: () => ['interpolate', run.folder, '--from', '0', '--to', '99999'],
      code: 2,
      says: 'no such example (digits, split test): got 99999, expected an index from 0 to',
    },
    'an index to traverse around beyond the data': {
      args: () => ['traverse', run.folder, '--around', '99999'],
      code: 2,
      says: 'no such example',
    },
    'a negative index': {
      args: () => ['interpolate', run.folder, '--from=-1', '--to', '2'],
      code: 2,
      says: 'whole number',
    },
    'an end that is left out': { args: () => ['interpolate', run.folder, '--from', '1'], code: 2, says: '--to' },
    'ends of two kinds': {
      args: () => ['interpolate', run.folder, '--from', '1', '--to-label', '3'],
      code: 2,
      says: '--from and --to, or --from-label and --to-label',
    },
    'a class there is none of': {
      args: () => ['interpolate', run.folder, '--from-label', '3', '--to-label', '11'],
      code: 2,
      says: 'no such class (digits): got 11, expected 0, 1, 2',
    },
    'a figure the run does not allow': {
      args: () => ['plot', run.folder, '--what', 'manifold'],
      code: 2,
      says: 'needs two latent dimensions',
    },
    'a diagram of nothing': { args: () => ['diagram', 'vea'], code: 2, says: 'vea' },
    'an interpolation without steps': {
      args: () => ['interpolate', run.folder, '--from', '0', '--to', '1', '--steps', '1'],
      code: 2,
      says: '2 or more',
    },
    'another kind of picture': {
      args: () => ['sample', run.folder, '--out', 'samples.jpg'],
      code: 2,
      says: 'unknown kind of file (samples.jpg): got the ending .jpg, expected .png',
    },
    'another kind of table': {
      args: () => ['encode', run.folder, '--out', 'codes'],
      code: 2,
      says: 'got no ending, expected .npy or .csv',
    },
    'a folder that does not exist': {
      args: () => ['sample', run.folder, '--out', join(folder, 'nowhere', 'x.png')],
      code: 1,
      says: 'the folder must exist',
    },
    'a file where a folder should be': {
      args: () => ['export', run.folder, '--out', join(run.folder, 'config.json')],
      code: 1,
      says: 'config.json',
    },
    'a manifold of five dimensions': {
      args: () => ['manifold', run.folder],
      code: 2,
      says: 'got a model with 5, expected 2. Train the preset vae-2d',
    },
    'examples that are no images': {
      args: () => ['sample', table.folder],
      code: 2,
      says: 'not images: got examples of shape [64]',
    },
    'bits of a Gaussian': { args: () => ['sample', grey.folder, '--binary'], code: 2, says: 'Bernoulli' },
    'too many images': { args: () => ['sample', run.folder, '--count', '1000000'], code: 2, says: 'at most 10000' },
    'too many steps': {
      args: () => ['interpolate', run.folder, '--from', '0', '--to', '1', '--steps', '1000000000'],
      code: 2,
      says: 'at most 10000',
    },
    'no samples': { args: () => ['sample', run.folder, '--count', '0'], code: 2, says: '1 or more' },
    'a split there is none of': { args: () => ['encode', run.folder, '--split', 'tset'], code: 2, says: 'tset' },
    'a range of nothing': { args: () => ['traverse', run.folder, '--range', '0'], code: 2, says: 'range' },
    'examples of another size': {
      args: () => ['encode', run.folder, '--dataset', png('wide').replace('.png', '.npy')],
      code: 1,
      says: '[8, 8]',
    },
    'values that are no probabilities': {
      args: () => ['reconstruct', run.folder, '--dataset', png('loud').replace('.png', '.npy')],
      code: 1,
      says: 'values from 0 to 7',
    },
  };

  beforeAll(async () => {
    const npy = (data: Float32Array, shape: number[]) => writeNpy({ dtype: 'float32', shape, data });
    await writeFile(join(folder, 'wide.npy'), npy(new Float32Array(200), [20, 10]));
    const loud = new Float32Array(20 * 64);
    loud.fill(7, 64);
    await writeFile(join(folder, 'loud.npy'), npy(loud, [20, 8, 8]));
  });

  it.each(Object.entries(cases))('%s', async (_, { args, code, says }) => {
    const before = await readdir(run.folder);
    const result = await reparam(...args(), '--json');
    expect(result.stderr).toContain(says);
    expect(result.code).toBe(code);
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
    const { error } = JSON.parse(result.stdout) as { error: { message: string } };
    expect(result.stderr).toContain(error.message);
    expect(await readdir(run.folder)).toEqual(before);
  });

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('a folder that cannot be written', async () => {
    const locked = join(folder, 'locked');
    await mkdir(locked);
    await copyFile(join(run.folder, 'config.json'), join(locked, 'config.json'));
    await copyFile(join(run.folder, 'model.safetensors'), join(locked, 'model.safetensors'));
    await chmod(locked, 0o555);
    const { code, stderr } = await reparam('sample', locked);
    await chmod(locked, 0o755);
    expect([code, stderr.includes('cannot write the file')]).toEqual([1, true]);
  });

  it.each([
    'sample',
    'reconstruct',
    'interpolate',
    'traverse',
    'manifold',
    'encode',
    'export',
  ])('%s --help', async (name) => {
    const { code, stdout } = await reparam(name, '--help');
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: reparam ${name} [options] <run>`);
    expect(stdout).toContain('--out');
  });
});
