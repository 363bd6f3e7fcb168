import type { Bound, EpochReport, FitProgress, Presentation } from 'reparam';
import type { Session } from '../app.ts';
import { boundNames } from '../run/boundNames.ts';
import { duration } from '../terminal/format.ts';

/** Shows training as it goes: a bar within epochs, a line after each. */
export interface EpochDisplay {
  progress(
    progress: FitProgress,
    sums: Readonly<Record<string, number>>,
    of: Pick<Presentation, 'size' | 'sizeOf'>,
  ): void;
  epoch(report: EpochReport): void;
}

/** The display on stderr of `session`, of a model whose `elbo` is a bound of this kind. */
export function showEpochs(session: Session, epochs: number, bound: Bound = 'lower'): EpochDisplay {
  const name = boundNames[bound];
  let first: { step: number; time: number } | undefined;
  return {
    progress({ epoch, stepInEpoch, stepsPerEpoch, step }, sums, { size, sizeOf }) {
      const time = performance.now();
      // The first call is not counted: it includes what happens once.
      first ??= { step, time };
      const rate = (1000 * (step - first.step)) / (time - first.time);
      const rows = Math.min(size, stepInEpoch * sizeOf(0));
      const left = (epochs * stepsPerEpoch - step) / rate;
      const speed = Number.isFinite(rate) && rate > 0 ? `${Math.round(rate)} steps/s  ETA ${duration(left)}` : '';
      const elbo = ((sums.elbo ?? Number.NaN) / rows).toFixed(2);
      session.bar.update(stepInEpoch / stepsPerEpoch, `epoch ${epoch}/${epochs}`, `${name} ${elbo}  ${speed}`);
    },
    epoch({ epoch, train, validation, seconds, stepMs, isBest }) {
      const { elbo, rate, distortion } = train;
      const told = validation?.accuracy === undefined ? '' : `, ${(100 * validation.accuracy).toFixed(1)} % of labels`;
      const held = validation
        ? `  validation ${name} ${validation.elbo.toFixed(2)}${isBest ? ' (best)' : ''}${told}`
        : '';
      const parts = bound === 'lower' ? `  rate ${rate.toFixed(2)}  distortion ${distortion.toFixed(2)}` : '';
      session.say(
        `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}  ${name} ${elbo.toFixed(2)}${parts}${held}  ` +
          `${seconds.toFixed(1)} s, ${stepMs.toFixed(2)} ms a step`,
      );
    },
  };
}
