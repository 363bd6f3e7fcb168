import type { Trace } from '@reparam/tensor';
import type { StepScalars } from './optimizer.ts';
import type { Progress } from './schedules.ts';

/** The numbers of a step that the host computes, by the name of their scalar input. */
export type HostScalars = Map<string, (learningRate: number, progress: Progress) => number>;

/** Declares what an optimiser asks for as scalar inputs of `trace`, and notes in `scalars` how the host computes it. */
export const declareScalars = (trace: Trace, scalars: HostScalars): StepScalars => ({
  scalar(name, value) {
    scalars.set(name, value);
    return trace.scalar(name);
  },
});

/** The numbers of `steps` steps by name; `at(k)` says where the k-th stands. */
export function scalarValues(
  scalars: HostScalars,
  steps: number,
  at: (k: number) => { readonly learningRate: number; readonly progress: Progress },
): Record<string, Float64Array> {
  const places = Array.from({ length: steps }, (_, k) => at(k));
  return Object.fromEntries(
    [...scalars].map(([name, value]) => [
      name,
      Float64Array.from(places, ({ learningRate, progress }) => value(learningRate, progress)),
    ]),
  );
}
