import { flatten, type HostTensor, ReparamError } from '@reparam/tensor';
import type { HostParams } from '../params.ts';

interface Stored {
  readonly params: HostParams;
  readonly optimizer: HostParams;
}

/** Throws `data`, naming the first tensor that differs, unless `state` holds the tensors that `fresh` does. */
export function checkState({ params, optimizer }: Stored, fresh: Stored): void {
  const shapes = (tree: unknown) =>
    new Map(flatten<HostTensor>(tree).map(([path, { shape }]) => [path, `[${shape.join(', ')}]`]));
  const [found, wanted] = [shapes({ params, optimizer }), shapes({ params: fresh.params, optimizer: fresh.optimizer })];
  for (const path of [...wanted.keys(), ...found.keys()]) {
    const [got, expected] = [found.get(path) ?? 'nothing', wanted.get(path) ?? 'nothing'];
    if (got === expected) continue;
    throw new ReparamError('data', 'training state is not of this model and optimiser', {
      got,
      expected,
      fix: 'Resume with the configuration the state was made with',
      at: path,
    });
  }
}
