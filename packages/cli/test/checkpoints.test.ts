import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hostTensor, key } from '@reparam/tensor';
import { buildModel, buildOptimizer, type TrainingState } from 'reparam';
import { beforeEach, describe, expect, it } from 'vitest';
import { resolveConfig } from '../src/config/resolve.ts';
import { type Environment, readCheckpoint, writeCheckpoint } from '../src/run/checkpoint.ts';
import { checkpointWriter } from '../src/training/checkpoints.ts';
import { testFolder } from './command.ts';

const folder = testFolder();
const environment: Environment = { runtime: 'test 1', cpu: 'one', node: 'v0' };
const config = await resolveConfig({ set: ['model.hidden=[3]', 'model.latentDim=2'] }, 'digits');
const model = buildModel(config.model, [4]);
let place: string;

const stateAt = (step: number): TrainingState => {
  const params = model.init(key(step));
  const optimizer = buildOptimizer(config.optimizer).init(params);
  return { params, optimizer, step, sums: { elbo: -1 / 3 - step, rate: Number.MIN_VALUE } };
};

beforeEach(async () => {
  place = join(folder.path, 'run');
  await rm(place, { recursive: true, force: true });
  await mkdir(place);
});

describe('a checkpoint', () => {
  it.each([false, true])('comes back bit for bit (best weights: %s)', async (withBest) => {
    const state = { ...stateAt(5), ...(withBest && { best: { epoch: 2, elbo: -0.1, params: model.init(key(9)) } }) };
    await writeCheckpoint(place, config, { state, environment, data: 'digits' });
    expect(await readCheckpoint(place, config, model)).toEqual({ state, environment, data: 'digits' });
  });

  it('keeps the 64-bit state of the reference runtime', async () => {
    const state = stateAt(1);
    const wide = { ...state, params: { ...state.params, output: wider(state.params.output) } } as TrainingState;
    await writeCheckpoint(place, config, { state: wide, environment, data: '' });
    expect((await readCheckpoint(place, config, model)).state.params).toEqual(wide.params);
  });
});

const wider = (layer: unknown) =>
  Object.fromEntries(
    Object.entries(layer as Record<string, { data: Float32Array; shape: number[] }>).map(([name, { data, shape }]) => [
      name,
      hostTensor(
        Float64Array.from(data, (value) => value + Math.PI),
        shape,
      ),
    ]),
  );

describe('the writer', () => {
  const writer = () => checkpointWriter(place, config, environment, 'digits');
  const stored = async () => (await readCheckpoint(place, config, model)).state.step;

  it('leaves out a state while another is being written, never one that is waited for', async () => {
    const checkpoints = writer();
    checkpoints.begin(stateAt(1));
    checkpoints.begin(stateAt(2));
    await checkpoints.write(stateAt(3));
    expect(await stored()).toBe(3);
    expect(checkpoints.age).toBeLessThan(10_000);
    expect(await readdir(place)).toEqual(['checkpoint.safetensors']);
  });

  it('a fault in the background is thrown by the next write', async () => {
    const checkpoints = writer();
    await checkpoints.write(stateAt(1));
    await rm(place, { recursive: true });
    checkpoints.begin(stateAt(2));
    await expect(checkpoints.write(stateAt(3))).rejects.toMatchObject({ code: 'file' });
  });
});
