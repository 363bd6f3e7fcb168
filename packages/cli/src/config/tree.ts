/** A plain JSON object. */
export type JsonObject = { readonly [key: string]: unknown };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `value` at the end of a dotted path, as nested objects. */
export const nested = (path: readonly string[], value: unknown): unknown =>
  path.length === 0 ? value : { [path[0]!]: nested(path.slice(1), value) };

/** The key that says which variant of an object this is: the others then mean something else. */
const variantKeys = ['kind', 'schedule'] as const;

/**
 * `over` on top of `base`, object by object; lists and plain values are replaced. Where `over` chooses another variant
 * (`kind` or `schedule`), nothing of the old one is kept.
 */
export function merge(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  const isOther = (key: string) => Object.hasOwn(over, key) && Object.hasOwn(base, key) && over[key] !== base[key];
  if (variantKeys.some(isOther)) return over;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])];
  const entryOf = (key: string): [string, unknown] => {
    if (!Object.hasOwn(over, key)) return [key, base[key]];
    return [key, Object.hasOwn(base, key) ? merge(base[key], over[key]) : over[key]];
  };
  return Object.fromEntries(keys.map(entryOf));
}

/** Keys of which one takes the place of the other. */
const alternatives: Readonly<Record<string, string>> = { dual: 'lambda', lambda: 'dual' };

/** `base` without the values whose place those of `over` take. */
export function withoutReplaced(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return base;
  const isKept = (key: string) => Object.hasOwn(over, key) || !Object.hasOwn(over, alternatives[key] ?? '');
  const kept = Object.entries(base).filter(([key]) => isKept(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutReplaced(value, over[key])]));
}
