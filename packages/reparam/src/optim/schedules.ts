/** How far training has come when a step is about to be taken. */
export interface Progress {
  /** Steps taken before this one. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** Steps of the whole run as planned. */
  readonly totalSteps: number;
}

/** A number that changes from step to step, computed on the host. */
export interface Schedule {
  at(progress: Progress): number;
  /** For people. */
  readonly description: string;
  /** Step from which on it no longer changes (warm-ups); early stopping waits for it. */
  settledAt?(progress: Progress): number;
}

/** A plain number is a constant schedule. */
export type ScheduleLike = Schedule | number;

/** The schedule itself, or a number as a constant one. */
export const asSchedule = (value: ScheduleLike): Schedule =>
  typeof value === 'number' ? constantSchedule(value) : value;

/** How much of `length` is done at `position`, at most all of it; of nothing, all. */
const shareOf = (position: number, length: number): number => (position < length ? position / length : 1);

/** The same value at every step. */
export const constantSchedule = (value: number): Schedule => ({
  at: () => value,
  description: String(value),
  settledAt: () => 0,
});

/** From `from` to `to` in equal increments over the first `epochs` epochs, then `to`. */
export const linearWarmup = ({
  from = 0,
  to = 1,
  epochs,
}: {
  from?: number;
  to?: number;
  epochs: number;
}): Schedule => ({
  at: ({ step, stepsPerEpoch }) => from + (to - from) * shareOf(step, epochs * stepsPerEpoch),
  description: `${from} → ${to} over ${epochs} epochs`,
  settledAt: ({ stepsPerEpoch }) => epochs * stepsPerEpoch,
});

/**
 * Cycles of equal length: within each, from `from` to `to` over its first `ramp` share, then `to` (Fu et al. 2019).
 */
export const cyclical = ({
  from = 0,
  to = 1,
  cycles = 4,
  ramp = 0.5,
}: {
  from?: number;
  to?: number;
  cycles?: number;
  ramp?: number;
} = {}): Schedule => ({
  at: ({ step, totalSteps }) => {
    const length = Math.max(1, totalSteps / cycles);
    const position = (step % length) / length;
    return step >= totalSteps ? to : from + (to - from) * shareOf(position, ramp);
  },
  description: `${from} → ${to} in ${cycles} cycles`,
  settledAt: ({ totalSteps }) => (totalSteps / cycles) * (cycles - 1 + ramp),
});

/** `value` times `factor` after every `epochs` epochs. */
export const stepDecay = ({
  value,
  factor = 0.1,
  epochs,
}: {
  value: number;
  factor?: number;
  epochs: number;
}): Schedule => ({
  at: ({ step, stepsPerEpoch }) => value * factor ** Math.floor(step / (epochs * stepsPerEpoch)),
  description: `${value}, ×${factor} every ${epochs} epochs`,
});

/** Half a period of a cosine from `value` down to `final` over the whole run, after `warmup` epochs of linear increase. */
export const cosine = ({
  value,
  final = 0,
  warmup = 0,
}: {
  value: number;
  final?: number;
  warmup?: number;
}): Schedule => ({
  at: ({ step, stepsPerEpoch, totalSteps }) => {
    const start = warmup * stepsPerEpoch;
    if (step < start) return (value * (step + 1)) / start;
    return final + (value - final) * 0.5 * (1 + Math.cos(Math.PI * shareOf(step - start, totalSteps - start)));
  },
  description: `cosine ${value} → ${final}${warmup ? ` after ${warmup} epochs of warm-up` : ''}`,
});

/** Stage i = 0 … 7 lasts 3^i epochs at value · 10^(−i/7): 3,280 epochs in all (Burda et al. 2016). */
export const iwaePaper = ({ value = 0.001 }: { value?: number } = {}): Schedule => ({
  at: ({ step, stepsPerEpoch }) => {
    let epoch = Math.floor(step / stepsPerEpoch);
    let stage = 0;
    while (stage < 7 && epoch >= 3 ** stage) epoch -= 3 ** stage++;
    return value * 10 ** (-stage / 7);
  },
  description: `${value}·10^(−i/7) for 3^i epochs, i = 0 … 7`,
});
