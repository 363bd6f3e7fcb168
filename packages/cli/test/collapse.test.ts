import { type Evaluation, findPreset, type ObjectiveConfig } from 'reparam';
import { describe, expect, it } from 'vitest';
import { collapseNote } from '../src/run/collapse.ts';

const { model, objective } = findPreset('vae').recipe;
const note = (collapsedDimensions: number[], changes: { model?: object; objective?: object } = {}) =>
  collapseNote({ collapsedDimensions } as unknown as Evaluation, {
    model: { ...model, ...changes.model },
    objective: { ...objective, ...changes.objective } as ObjectiveConfig,
  });

describe('collapsed dimensions', () => {
  it('are named in ranges, in two lines; none need no text', () => {
    expect(note([])).toBe('');
    const [which, remedy, ...rest] = note([0, 2, 3, 4, 9]).split('\n');
    expect(which).toContain('dimensions 0, 2–4, 9 of the code do not move with the data');
    expect(remedy).toContain('to use them: a warm-up, objective.beta={"schedule":"linear","epochs":10}; or objective.');
    expect(rest).toEqual([]);
    expect(note([5])).toContain('dimension 5 of the code does not move');
  });

  it('a code that is ignored whole may need a gentle start', () => {
    const all = Array.from({ length: model.latentDim }, (_, k) => k);
    expect(note(all)).toContain('optimizer.learningRate.warmup=1');
    expect(note(all.slice(1))).not.toContain('warmup');
  });

  it.each([
    [{ objective: { beta: 4 } }, 'an objective.beta below 4; or a warm-up'],
    [
      { objective: { beta: { schedule: 'linear', to: 3, epochs: 2 } } },
      'an objective.beta below 3; or objective.freeBits',
    ],
    [{ objective: { freeBits: 0.2 } }, 'objective.freeBits=0.4'],
    [{ model: { likelihood: { kind: 'gaussian', scale: 1 } } }, 'a likelihood.scale below 1 or "shared"'],
    [{ objective: { kind: 'iwae' } }, 'more epochs; or objective.kind=elbo with objective.freeBits=0.1'],
    [{ objective: { kind: 'm2', beta: 4 } }, /an objective.beta below 4; or more epochs$/],
  ])('%j: what fits the run', (changes, text) => {
    expect(note([1], changes)).toMatch(text);
  });
});
