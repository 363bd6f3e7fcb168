import { flatten, type HostTensor, hostTensor, mapTree, ReparamError, unflatten } from '@reparam/tensor';
import type { HostParams } from 'reparam';

/** The leaves of a tree by name, each path behind `prefix`. */
export const named = (tree: HostParams, prefix = ''): Record<string, HostTensor> =>
  Object.fromEntries(flatten<HostTensor>(tree).map(([path, leaf]) => [`${prefix}${path}`, leaf]));

/** The same values as 32-bit numbers: the reference runtime computes with 64. */
export const asFloat32 = (tree: HostParams): HostParams =>
  mapTree<HostParams, HostTensor, HostTensor>(tree, (leaf) =>
    leaf.data instanceof Float64Array ? hostTensor(Float32Array.from(leaf.data), leaf.shape) : leaf,
  ) as HostParams;

/**
 * The tensors whose names begin with `prefix`, in the structure of `like`. A missing or surplus tensor, or one of another
 * shape or type, is a `data` error: the file belongs to another model.
 */
export function restoreTree(
  like: HostParams,
  tensors: Readonly<Record<string, HostTensor>>,
  prefix: string,
  at: string,
): HostParams {
  const foreign = (what: string, got: string, expected: string) =>
    new ReparamError('data', `the file does not belong to this run: ${what}`, {
      got,
      expected,
      fix: 'Restore the file from a copy of the run, or train again',
      at,
    });
  const expected = flatten<HostTensor>(like);
  const shapeOf = ({ dtype, shape }: HostTensor) => `${dtype} [${shape.join(', ')}]`;
  for (const [path, leaf] of expected) {
    const found = tensors[prefix + path];
    if (!found) throw foreign(`no tensor ${prefix}${path}`, 'nothing', shapeOf(leaf));
    if (shapeOf(found) !== shapeOf(leaf)) throw foreign(`tensor ${prefix}${path}`, shapeOf(found), shapeOf(leaf));
  }
  const known = new Set(expected.map(([path]) => prefix + path));
  const surplus = Object.keys(tensors).find((name) => name.startsWith(prefix) && !known.has(name));
  if (surplus !== undefined) throw foreign('a tensor too many', surplus, 'only those of the model');
  const leaves = new Map(expected.map(([path]) => [path, tensors[prefix + path]!]));
  return unflatten<HostParams, HostTensor, HostTensor>(like, leaves) as HostParams;
}
