import { describe, expect, it } from 'vitest';
import { inProcess, reparam } from './command.ts';

const cwd = import.meta.dirname ?? '.';
const commands = [
  'train',
  'resume',
  'evaluate',
  'show',
  'sample',
  'reconstruct',
  'interpolate',
  'traverse',
  'manifold',
];
const all = [
  ...commands,
  'classify',
  'probe',
  'compare',
  'quality',
  'plot',
  'diagram',
  'latents',
  'encode',
  'anomaly',
  'disentangle',
  'impute',
  'export',
  'datasets',
  'presets',
];
const experiments = [
  'gradients',
  'prior-sampling',
  'bounds',
  'amortisation',
  'collapse',
  'em',
  'flow-vae',
  'linear-autoencoder',
  'training',
];

describe('help', () => {
  it('lists every command, with examples and exit codes', async () => {
    const { code, stdout, stderr } = await reparam(['--help'], { cwd });
    expect([code, stderr]).toEqual([0, '']);
    for (const name of all) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    expect(stdout).toMatch(/Examples:/);
    expect(stdout).toMatch(/130 interrupted/);
  });

  it.each(experiments)('lab %s --help shows usage, --json and an example', async (name) => {
    const { code, stdout } = await inProcess(['lab', name, '--help']);
    expect(code).toBe(0);
    for (const text of [`Usage: reparam lab ${name} `, '--json', `$ reparam lab ${name}`])
      expect(stdout).toContain(text);
  });

  it.each(all)('%s --help shows usage, --json and examples', async (name) => {
    const { code, stdout, stderr } = await inProcess([name, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`Usage: reparam ${name} `);
    expect(stdout).toContain('--json');
    expect(stdout).toContain(`$ reparam ${name} `.trimEnd());
  });

  it('train --help names every configuration key', async () => {
    const { stdout } = await inProcess(['train', '--help']);
    for (const key of ['data.validation', 'model.likelihood.scale', 'objective.freeBits', 'training.earlyStopping']) {
      expect(stdout).toContain(`  ${key} `);
    }
  });

  it('--version is that of the package', async () => {
    const { code, stdout } = await reparam(['--version'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[], 2, ''],
    [['trian', 'digits'], 2, 'Did you mean train?'],
    [['train'], 2, "missing required argument 'dataset'"],
    [['train', 'digits', '--epoch', '3'], 2, 'Did you mean --epochs?'],
    [['train', 'digits', 'mnist'], 2, 'too many arguments'],
    [['evaluate', 'x', '--split', 'tset'], 2, 'Allowed choices are train, validation, test, all'],
    [['evaluate', 'x', '--num-samples', '-3'], 2, 'a whole number, 0 or more'],
  ])('usage error %j', async (args, expectedCode, text) => {
    const { code, stdout, stderr } = await reparam(args, { cwd });
    expect(code).toBe(expectedCode);
    expect(stdout).toBe('');
    expect(stderr).toContain(text);
  });

  it('a usage error with --json is one object on stdout', async () => {
    const { code, stdout } = await reparam(['evaluate', 'x', '--split', 'tset', '--json'], { cwd });
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'config' } });
  });
});
