import { type Shape, slice, staticShape, type Tensor, type Trace } from '@reparam/tensor';
import { type BatchContext, type DrawNoise, noiseContext } from '../context.ts';
import type { ObjectiveContext } from '../objectives/index.ts';
import { asSchedule, type HostScalars, type Schedule, type ScheduleLike } from '../optim/index.ts';

/**
 * The contexts of the micro-batches of a training step. Noise is declared once for the whole batch and cut into
 * micro-batches, so that accumulation draws the numbers one large batch would.
 */
export function stepContexts(
  trace: Trace,
  batches: readonly Omit<BatchContext, 'training'>[],
  scalars: HostScalars,
  datasetSize: number,
): ObjectiveContext[] {
  const drawn = new Map<string, Tensor>();
  const drawFor =
    (index: number): DrawNoise =>
    (site, kind, shape: Shape, rowAxis) => {
      const own = staticShape(shape, 'noise');
      if (batches.length === 1) return trace.noise(site, kind, own, rowAxis);
      const rows = own[rowAxis]!;
      const whole = drawn.get(site) ?? trace.noise(site, kind, own.with(rowAxis, rows * batches.length), rowAxis);
      drawn.set(site, whole);
      return slice(whole, rowAxis, index * rows, (index + 1) * rows);
    };
  const schedule = (name: string, value: ScheduleLike): Tensor => {
    const followed: Schedule = asSchedule(value);
    scalars.set(name, (_, progress) => followed.at(progress));
    return trace.scalar(name);
  };
  return batches.map((batch, index) => ({
    ...noiseContext(drawFor(index), { ...batch, training: true }),
    datasetSize,
    schedule,
  }));
}
