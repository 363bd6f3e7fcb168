import {
  asSchedule,
  constantSchedule,
  cosine,
  cyclical,
  iwaePaper,
  linearWarmup,
  type Progress,
  type Schedule,
  stepDecay,
} from 'reparam';
import { describe, expect, test } from 'vitest';

const at = (step: number, stepsPerEpoch = 10, totalSteps = 100): Progress => ({ step, stepsPerEpoch, totalSteps });

/** A schedule, its value at steps (10 an epoch, 100 in all), and the step from which it no longer changes. */
const table: readonly {
  readonly name: string;
  readonly schedule: Schedule;
  readonly values: Readonly<Record<number, number>>;
  readonly settled?: number;
}[] = [
  { name: 'constant', schedule: constantSchedule(0.3), values: { 0: 0.3, 57: 0.3, 1000: 0.3 }, settled: 0 },
  { name: 'a plain number', schedule: asSchedule(0.25), values: { 0: 0.25, 99: 0.25 }, settled: 0 },
  {
    name: 'linear warm-up',
    schedule: linearWarmup({ epochs: 2 }),
    values: { 0: 0, 1: 0.05, 10: 0.5, 19: 0.95, 20: 1, 21: 1, 500: 1 },
    settled: 20,
  },
  {
    name: 'linear warm-up between two values',
    schedule: linearWarmup({ from: 2, to: 4, epochs: 1 }),
    values: { 0: 2, 5: 3, 10: 4, 99: 4 },
    settled: 10,
  },
  {
    name: 'linear warm-up of half an epoch',
    schedule: linearWarmup({ epochs: 0.5 }),
    values: { 0: 0, 1: 0.2, 5: 1, 6: 1 },
    settled: 5,
  },
  { name: 'cyclical without ramps', schedule: cyclical({ ramp: 0 }), values: { 0: 1, 25: 1, 60: 1 }, settled: 75 },
  { name: 'warm-up of no epochs', schedule: linearWarmup({ epochs: 0 }), values: { 0: 1, 1: 1 }, settled: 0 },
  {
    name: 'cyclical, four cycles',
    schedule: cyclical(),
    values: { 0: 0, 5: 0.4, 12: 0.96, 13: 1, 24: 1, 25: 0, 30: 0.4, 75: 0, 80: 0.4, 88: 1, 99: 1, 100: 1, 130: 1 },
    settled: 87.5,
  },
  {
    name: 'cyclical, other settings',
    schedule: cyclical({ from: 1, to: 3, cycles: 2, ramp: 0.8 }),
    values: { 0: 1, 20: 2, 40: 3, 49: 3, 50: 1, 70: 2, 90: 3, 99: 3 },
    settled: 90,
  },
  {
    name: 'step decay',
    schedule: stepDecay({ value: 0.1, factor: 0.5, epochs: 3 }),
    values: { 0: 0.1, 29: 0.1, 30: 0.05, 59: 0.05, 60: 0.025, 95: 0.0125 },
  },
  {
    name: 'cosine',
    schedule: cosine({ value: 2 }),
    values: { 0: 2, 25: 1 + Math.SQRT1_2, 50: 1, 75: 1 - Math.SQRT1_2, 100: 0, 120: 0 },
  },
  {
    name: 'cosine to a final value after warm-up',
    schedule: cosine({ value: 2, final: 1, warmup: 2 }),
    values: { 0: 0.1, 9: 1, 19: 2, 20: 2, 60: 1.5, 100: 1 },
  },
];

describe.each(table.map((row) => [row.name, row] as const))('%s', (_, { schedule, values, settled }) => {
  test('has these values', () => {
    for (const [step, value] of Object.entries(values))
      expect(schedule.at(at(Number(step))), step).toBeCloseTo(value, 12);
  });

  test('settles when it says', () => {
    expect(schedule.settledAt?.(at(0))).toBe(settled);
    if (settled === undefined) return;
    const last = schedule.at(at(Math.ceil(settled)));
    for (let step = Math.ceil(settled); step <= 110; step++) expect(schedule.at(at(step))).toBe(last);
    if (settled >= 1 && schedule.at(at(0)) !== last) expect(schedule.at(at(Math.ceil(settled) - 1))).not.toBe(last);
  });
});

describe('the IWAE paper’s', () => {
  const schedule = iwaePaper();
  const stepsPerEpoch = 3;
  const rate = (epoch: number, step = 0) =>
    schedule.at(at(epoch * stepsPerEpoch + step, stepsPerEpoch, 3280 * stepsPerEpoch));

  test('stage i lasts 3^i epochs at 0.001 · 10^(−i/7): 3,280 in all', () => {
    let epoch = 0;
    for (let stage = 0; stage <= 7; stage++) {
      const value = 0.001 * 10 ** (-stage / 7);
      const last = epoch + 3 ** stage - 1;
      expect(rate(epoch), `first epoch of stage ${stage}`).toBeCloseTo(value, 15);
      expect(rate(last, stepsPerEpoch - 1), `last step of stage ${stage}`).toBeCloseTo(value, 15);
      epoch = last + 1;
    }
    expect(epoch).toBe(3280);
    expect(rate(3279)).toBeCloseTo(1e-4, 15);
    expect(rate(5000)).toBeCloseTo(1e-4, 15);
  });

  test('borders', () => {
    const borders = Array.from({ length: 3279 }, (_, e) => e + 1).filter((e) => rate(e) !== rate(e - 1));
    expect(borders).toEqual([1, 4, 13, 40, 121, 364, 1093]);
    expect(iwaePaper({ value: 0.01 }).at(at(0))).toBe(0.01);
  });
});
