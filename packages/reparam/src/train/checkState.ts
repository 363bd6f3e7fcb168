import { flatten, type HostTensor, ReparamError } from '@reparam/tensor';
import type { HostParams } from '../params.ts';

interface Stored {
  readonly params: HostParams;
  readonly optimizer?: HostParams;
}

/** Throws `data` with the text `what`, naming the first tensor that differs, unless `state` holds the tensors that `fresh` does. */
export function checkState(what: string, { params, optimizer = {} }: Stored, fresh: Stored): void {
  const shapes = (tree: unknown) =>
    new Map(flatten<HostTensor>(tree).map(([path, { shape }]) => [path, `[${shape.join(', ')}]`]));
  const [found, wanted] = [
    shapes({ params, optimizer }),
    shapes({ params: fresh.params, optimizer: fresh.optimizer ?? {} }),
  ];
  for (const path of [...wanted.keys(), ...found.keys()]) {
    const [got, expected] = [found.get(path) ?? 'nothing', wanted.get(path) ?? 'nothing'];
    if (got === expected) continue;
    throw new ReparamError('data', what, {
      got,
      expected,
      fix: 'Use the configuration they were made with',
      at: path,
    });
  }
}
