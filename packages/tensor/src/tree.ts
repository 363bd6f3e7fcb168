/** A nested plain object (or array) of leaves: parameters, optimiser state, batches. */
export type Tree<Leaf> = Leaf | { readonly [key: string]: Tree<Leaf> } | readonly Tree<Leaf>[];

/** The same structure with every leaf replaced. */
export type MapTree<T, From, To> = T extends From ? To : { [K in keyof T]: MapTree<T[K], From, To> };

/** Whether `node` has leaves below it and is none itself. */
export const isBranch = (node: unknown): node is Record<string, unknown> => {
  if (Array.isArray(node)) return true;
  if (typeof node !== 'object' || node === null) return false;
  const prototype = Object.getPrototypeOf(node);
  // Leaves may be class instances (symbolic tensors) or plain records with a `dtype` (host tensors, specs).
  return prototype === Object.prototype && !('dtype' in node);
};

/** Leaves in a fixed order (keys as written), each with its path, for example `encoder.0.weight`. */
export function flatten<Leaf>(tree: unknown, prefix = ''): [path: string, leaf: Leaf][] {
  if (!isBranch(tree)) return [[prefix, tree as Leaf]];
  return Object.entries(tree).flatMap(([key, child]) => flatten<Leaf>(child, prefix ? `${prefix}.${key}` : key));
}

/** Applies `fn` to every leaf and keeps the structure. */
export function mapTree<T, From, To>(tree: T, fn: (leaf: From, path: string) => To, prefix = ''): MapTree<T, From, To> {
  if (!isBranch(tree)) return fn(tree as unknown as From, prefix) as MapTree<T, From, To>;
  const visit = ([key, child]: [string, unknown]) =>
    [key, mapTree<unknown, From, To>(child, fn, prefix ? `${prefix}.${key}` : key)] as const;
  const entries = Object.entries(tree).map(visit);
  return (Array.isArray(tree) ? entries.map(([, v]) => v) : Object.fromEntries(entries)) as MapTree<T, From, To>;
}

/** Puts leaves found by path into the structure of `like`. */
export function unflatten<T, From, To>(
  like: T,
  leaves: ReadonlyMap<string, To> | Readonly<Record<string, To>>,
): MapTree<T, From, To> {
  const get = leaves instanceof Map ? (p: string) => leaves.get(p) : (p: string) => (leaves as Record<string, To>)[p];
  return mapTree<T, From, To>(like, (_, path) => get(path) as To);
}
