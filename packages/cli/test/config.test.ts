import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { presets } from 'reparam';
import { describe, expect, it } from 'vitest';
import { configKeys } from '../src/config/keys.ts';
import { parseConfig, parseValue, resolveConfig } from '../src/config/resolve.ts';
import { merge } from '../src/config/tree.ts';
import { testFolder } from './command.ts';

const folder = testFolder();

const failure = (set: readonly string[]): Promise<ReparamError> =>
  resolveConfig({ set }, 'digits').then(
    () => expect.fail('was accepted'),
    (error) => error as ReparamError,
  );

describe('configuration', () => {
  it('preset, then file, then --set, then flags', async () => {
    const file = join(folder.path, 'experiment.json');
    await writeFile(
      file,
      JSON.stringify({ preset: 'vae-2d', training: { epochs: 7, batchSize: 64 }, model: { activation: 'relu' } }),
    );
    const config = await resolveConfig(
      { file, set: ['training.batchSize=32', 'training.seed=5'], flags: [['training.seed', 6]] },
      'digits',
    );
    expect(config.preset).toBe('vae-2d');
    expect(config.model).toMatchObject({ latentDim: 2, activation: 'relu', hidden: [200, 200] });
    expect(config.training).toMatchObject({ epochs: 7, batchSize: 32, seed: 6 });
    expect(config.data).toMatchObject({ name: 'digits', validation: 0 });
    expect((await resolveConfig({ file, preset: 'vae' }, 'digits')).model.latentDim).toBe(50);
  });

  it.each(
    presets.map(({ name }) => name),
  )('preset %s is a valid configuration, the same when read again', async (preset) => {
    const config = await resolveConfig({ preset }, 'mnist');
    expect(JSON.stringify(parseConfig(JSON.parse(JSON.stringify(config))))).toBe(JSON.stringify(config));
  });

  it.each([
    [['training.epoch=3'], 'training.epoch', 'Did you mean "training.epochs"?'],
    [['epochs=3'], 'epochs', 'Did you mean "training.epochs"?'],
    [['modle.latentDim=3'], 'modle', 'Did you mean "model"?'],
    [['objective.freebits=1'], 'objective.freebits', 'Did you mean "objective.freeBits"?'],
    [
      ['optimizer.learningRate={"schedule":"cosine","value":1,"warmUp":2}'],
      'warmUp',
      'Did you mean "optimizer.learningRate.warmup"?',
    ],
  ])('unknown key %j', async (set, got, fix) => {
    const error = await failure(set);
    expect(error.code).toBe('config');
    expect(error.message).toContain('unknown configuration key');
    expect(error.got).toContain(got);
    expect(error.fix).toBe(fix);
  });

  it.each([
    ['training.epochs=many', 'configuration training.epochs', 'a whole number, 1 or more'],
    ['training.epochs=2.5', 'configuration training.epochs', 'a whole number, 1 or more'],
    ['training.seed=-1', 'configuration training.seed', 'a whole number, 0 or more'],
    ['model.hidden=400', 'configuration model.hidden', 'a list of whole numbers such as [200, 200]'],
    ['model.hidden=[400,0]', 'configuration model.hidden.1', 'a whole number, 1 or more'],
    ['model.activation=rleu', 'configuration model.activation', 'one of relu, tanh'],
    ['model.dropout=1', 'configuration model.dropout', 'a number below 1'],
    ['model.layerNorm=1', 'configuration model.layerNorm', 'true or false'],
    ['model.likelihood={"kind":"gaussian","scale":0}', 'configuration model.likelihood.scale', 'a positive number'],
    ['model.likelihood.kind=student', 'configuration model.likelihood.kind', 'bernoulli, gaussian, laplace'],
    ['objective.beta=-1', 'configuration objective.beta', 'a number, 0 or more'],
    ['objective.beta=much', 'configuration objective.beta', 'a number, or an object with a schedule'],
    ['objective.beta={"schedule":"linear"}', 'configuration objective.beta.epochs', 'a positive number'],
    ['objective.kind=vae', 'configuration objective.kind', 'elbo, iwae, beta-tc, infovae, dip, fisher'],
    ['objective.gradient=exact', 'configuration objective.gradient', 'one of reparameterised, score-function'],
    ['objective.baseline=median', 'configuration objective.baseline', 'none, leave-one-out, batch or a number'],
    [
      'objective.capacity={"gamma":1}',
      'configuration objective.capacity.nats',
      'a number, or an object with a schedule',
    ],
    ['objective={"kind":"dip","variant":"iii"}', 'configuration objective.variant', 'one of i, ii'],
    ['optimizer.kind=sgd', 'configuration optimizer.learningRate', 'a positive number, or an object with a schedule'],
    ['optimizer.beta1=1', 'configuration optimizer.beta1', 'a number below 1'],
    ['data.binarization=grey', 'configuration data.binarization', 'one of none, static, dynamic, threshold'],
    ['training=5', 'configuration training', 'an object'],
    ['schemaVersion=2', 'configuration schemaVersion', '1'],
    ['preset=[1]', 'configuration preset', 'text'],
  ])('%s names the path and what was expected', async (setting, what, expected) => {
    const error = await failure([setting]);
    expect(error.code).toBe('config');
    expect(error.message).toContain(what);
    expect(error.expected).toContain(expected);
  });

  it.each([
    [['objective.kind=iwae', 'objective.beta=2'], 'objective.beta does not apply to kind "iwae"'],
    [['model.likelihood.scale=2'], 'model.likelihood.scale does not apply to kind "bernoulli"'],
    [['__proto__.polluted=1'], 'unknown configuration key'],
    [['training.__proto__.polluted=1'], 'unknown configuration key'],
    [['training.epochs'], '--set'],
    [['preset=vea'], 'no such preset'],
  ])('%j is refused', async (set, text) => {
    const error = await failure(set);
    expect(error.code).toBe('config');
    expect(error.message).toContain(text);
    expect({}).not.toHaveProperty('polluted');
  });

  it.each([
    ['beta-tc', { beta: 6 }],
    ['infovae', { alpha: 1, lambda: 100 }],
    ['dip', { variant: 'ii', offDiagonal: 10 }],
    ['fisher', { mode: 'theorem' }],
    ['reconstruction', {}],
  ])('the defaults of objective %s', async (kind, defaults) => {
    const { objective } = await resolveConfig({ set: [`objective.kind=${kind}`] }, 'digits');
    expect(objective).toEqual({ kind, ...defaults });
  });

  it('another variant starts from its own defaults, in whatever order it is written', async () => {
    for (const set of [
      ['objective.kind=iwae', 'objective.numSamples=7'],
      ['objective.numSamples=7', 'objective.kind=iwae'],
    ]) {
      expect((await resolveConfig({ set }, 'digits')).objective).toEqual({ kind: 'iwae', numSamples: 7 });
    }
    const { optimizer } = await resolveConfig({ flags: [['optimizer.learningRate', 0.01]] }, 'digits');
    expect(optimizer).toEqual({ kind: 'adam', learningRate: 0.01 });
  });

  it('merge keeps what is not named and replaces lists', () => {
    expect(merge({ a: { b: 1, c: [1, 2] }, d: 2 }, { a: { c: [3] } })).toEqual({ a: { b: 1, c: [3] }, d: 2 });
    expect(merge({ a: { kind: 'x', b: 1 } }, { a: { kind: 'x', c: 2 } })).toEqual({ a: { kind: 'x', b: 1, c: 2 } });
    expect(merge({ a: { kind: 'x', b: 1 } }, { a: { kind: 'y' } })).toEqual({ a: { kind: 'y' } });
  });

  it.each([
    ['.5', 0.5],
    ['1e-3', 0.001],
    ['[200,100]', [200, 100]],
    ['true', true],
    ['relu', 'relu'],
    ['1.5.2', '1.5.2'],
  ])('value %s', (text, value) => {
    expect(parseValue(text)).toEqual(value);
  });

  it('a broken or foreign configuration file is refused', async () => {
    const file = join(folder.path, 'bad.json');
    for (const [text, part] of [
      ['{"training": ', 'is not JSON'],
      ['[1]', 'a JSON object'],
      ['{"trainning": {}}', 'Did you mean "training"?'],
    ]) {
      await writeFile(file, text!);
      const error = await resolveConfig({ file }, 'digits').catch((each: unknown) => each);
      expect(error).toBeInstanceOf(ReparamError);
      expect(error).toMatchObject({ code: 'config', at: file, message: expect.stringContaining(part!) });
    }
  });

  it('every key has a meaning or is a part of one that has', () => {
    const described = configKeys.filter((key) => key.description).map((key) => key.path);
    expect(described).toEqual(expect.arrayContaining(['model.latentDim', 'objective.beta', 'optimizer.clipNorm']));
    for (const { path } of configKeys) expect(path).toMatch(/^[a-zA-Z0-9.]+$/);
  });
});
