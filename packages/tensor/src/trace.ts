import { ReparamError } from './errors.ts';
import { input } from './primitives/source.ts';
import type { NoiseKind, NoiseSpec } from './random/index.ts';
import type { Tensor } from './tensor.ts';

/** What a traced function declares besides its arguments: noise, and numbers that change from step to step. */
export class Trace {
  readonly #noise = new Map<string, { spec: NoiseSpec; tensor: Tensor }>();
  readonly #scalars = new Map<string, Tensor>();

  /**
   * Independent noise of `shape`, as an input named by its site. `rowAxis` is the axis of the batch: the numbers a row
   * gets depend on its identity, never on the batch it is in. A site can be declared once.
   */
  noise(site: string, kind: NoiseKind, shape: readonly number[], rowAxis = 0): Tensor {
    if (this.#noise.has(site)) {
      throw new ReparamError('config', `noise site declared twice: ${site}`, {
        expected: 'a name of its own for every independent draw',
      });
    }
    const tensor = input(`noise:${site}`, shape);
    this.#noise.set(site, { spec: { site, kind, shape: [...shape], rowAxis }, tensor });
    return tensor;
  }

  /** A number that the host sets anew each step (a learning rate, a weight), as a scalar input. */
  scalar(name: string): Tensor {
    const known = this.#scalars.get(name);
    if (known) return known;
    const tensor = input(`scalar:${name}`, []);
    this.#scalars.set(name, tensor);
    return tensor;
  }

  get noiseInputs(): readonly { spec: NoiseSpec; tensor: Tensor }[] {
    return [...this.#noise.values()];
  }

  get scalarInputs(): readonly { name: string; tensor: Tensor }[] {
    return [...this.#scalars].map(([name, tensor]) => ({ name, tensor }));
  }
}
