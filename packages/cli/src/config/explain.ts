import { nearest, ReparamError } from '@reparam/tensor';
import type { z } from 'zod';
import { configKeys } from './keys.ts';
import { isObject, type JsonObject } from './tree.ts';

type Issue = z.core.$ZodIssue;

/** The first thing wrong with a configuration, as an error that names the key, what was got and what was expected. */
export function explain(error: z.ZodError, raw: unknown, at: string | undefined, code: 'config' | 'data' = 'config') {
  const [issue] = error.issues.map((each) => innermost(each, raw)) as [Issue];
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return unknownKey([...path, issue.keys[0]!].join('.'), raw, at, code);
  const got = valueAt(raw, path);
  return new ReparamError(code, `configuration ${path.join('.') || 'as a whole'}`, {
    got: got === undefined ? 'nothing' : `${shortJson(got)} (${typeName(got)})`,
    expected: issue.message,
    at,
  });
}

/** Within a union, the complaint of the variant that was meant: that of objects for an object. */
function innermost(issue: Issue, raw: unknown): Issue {
  if (issue.code !== 'invalid_union' || !isObject(valueAt(raw, issue.path.map(String)))) return issue;
  const inner = issue.errors.flat().find(({ code, path }) => path.length > 0 || code === 'unrecognized_keys');
  return inner ? innermost({ ...inner, path: [...issue.path, ...inner.path] } as Issue, raw) : issue;
}

function unknownKey(path: string, raw: unknown, at: string | undefined, code: 'config' | 'data'): ReparamError {
  const paths = configKeys.map((key) => key.path);
  if (configKeys.some((key) => key.path === path || key.path.startsWith(`${path}.`))) {
    const parent = valueAt(raw, path.split('.').slice(0, -1));
    const variant = isObject(parent)
      ? ['kind', 'schedule', 'preset'].find((key) => parent[key] !== undefined)
      : undefined;
    const [what, value] = variant ? [variant, (parent as JsonObject)[variant]] : ['preset', valueAt(raw, ['preset'])];
    return new ReparamError(code, `${path} does not apply to ${what} ${shortJson(value)}`, {
      got: shortJson(valueAt(raw, path.split('.'))),
      fix: 'Leave it out',
      at,
    });
  }
  const last = path.split('.').at(-1)!;
  const sameName = paths.filter((known) => known.endsWith(`.${last}`)).sort((a, b) => depth(a) - depth(b))[0];
  const level = path.split('.').slice(0, -1).join('.');
  const siblings = paths.filter((known) => known.split('.').slice(0, -1).join('.') === level);
  const begun = siblings.find((known) => known.startsWith(path));
  const near =
    sameName ?? begun ?? nearest(path, paths) ?? paths.find((known) => nearest(last, [known.split('.').at(-1)!]));
  return new ReparamError(code, 'unknown configuration key', {
    got: JSON.stringify(path),
    expected: siblings.length > 0 ? `one of ${siblings.join(', ')}` : undefined,
    fix: near && `Did you mean "${near}"?`,
    at,
  });
}

const depth = (path: string): number => path.split('.').length;

const valueAt = (raw: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], raw);

const typeName = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as string] ?? 'an object';
};

const shortJson = (value: unknown): string => {
  const json = JSON.stringify(value);
  return json.length > 80 ? `${json.slice(0, 80)}…` : json;
};
