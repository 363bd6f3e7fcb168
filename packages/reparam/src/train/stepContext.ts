import { type Shape, slice, staticShape, type Tensor, type Trace } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { ObjectiveContext } from '../objectives/index.ts';
import { asSchedule, type Progress, type Schedule, type ScheduleLike } from '../optim/index.ts';

/** The numbers of a step that the host computes, by the name of their scalar input. */
export type HostScalars = Map<string, (learningRate: number, progress: Progress) => number>;

/**
 * The context of one micro-batch of a training step. Noise is declared once for the whole batch and cut into
 * micro-batches, so that accumulation draws the numbers one large batch would.
 */
export function stepContexts(trace: Trace, microBatches: number, scalars: HostScalars): ObjectiveContext[] {
  const drawn = new Map<string, Tensor>();
  const draw = (site: string, kind: 'normal' | 'uniform', shape: Shape, rowAxis: number, index: number): Tensor => {
    const own = staticShape(shape, 'noise');
    if (microBatches === 1) return trace.noise(site, kind, own, rowAxis);
    const rows = own[rowAxis]!;
    const whole = drawn.get(site) ?? trace.noise(site, kind, own.with(rowAxis, rows * microBatches), rowAxis);
    drawn.set(site, whole);
    return slice(whole, rowAxis, index * rows, (index + 1) * rows);
  };
  const context = (index: number, path: string): Context => ({
    training: true,
    site: (name) => ({ draw: (kind, shape, rowAxis) => draw(path + name, kind, shape, rowAxis, index) }),
    child: (name) => context(index, `${path}${name}/`),
  });
  const schedule = (name: string, value: ScheduleLike): Tensor => {
    const followed: Schedule = asSchedule(value);
    scalars.set(name, (_, progress) => followed.at(progress));
    return trace.scalar(name);
  };
  return Array.from({ length: microBatches }, (_, index) => ({ ...context(index, ''), schedule }));
}
