import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Where `name` is declared, following the re-exports of index files. */
interface Exported {
  readonly name: string;
  readonly file: string;
}

/** Everything an index file exports: names it lists, and all exports of files it passes on whole. */
function exportsOf(file: string): Exported[] {
  const text = readFileSync(file, 'utf8');
  const found: Exported[] = [];
  for (const [, , list, from] of text.matchAll(/^export (type )?\{([^}]*)\} from '(\.[^']+)'/gm)) {
    const names = list!
      .split(',')
      .map((each) => each.trim().replace(/^type /, ''))
      .filter(Boolean);
    const target = join(dirname(file), from!);
    for (const name of names) found.push(declared(name.split(' as ')[0]!, target));
  }
  for (const [, from] of text.matchAll(/^export \* from '(\.[^']+)'/gm))
    found.push(...exportsOf(join(dirname(file), from!)));
  for (const [, name] of text.matchAll(declaration)) found.push({ name: name!, file });
  return found;
}

const declaration = /^export (?:abstract |async )?(?:const|function|class|interface|type) (\w+)/gm;

/** The file that declares `name`, which `file` exports. */
function declared(name: string, file: string): Exported {
  const text = readFileSync(file, 'utf8');
  if ([...text.matchAll(declaration)].some((match) => match[1] === name)) return { name, file };
  const deeper = exportsOf(file).find((each) => each.name === name);
  if (!deeper) throw new Error(`${name} is not declared in ${relative(root, file)}`);
  return deeper;
}

/** True when a comment `/** … *​/` stands right above the first declaration of `name`. */
function hasDocstring({ name, file }: Exported): boolean {
  const pattern = new RegExp(`\\*/\\nexport (abstract |async )?(const|function|class|interface|type) ${name}\\b`);
  return pattern.test(readFileSync(file, 'utf8'));
}

const entries = [
  'packages/tensor/src/index.ts',
  'packages/tensor/src/node/index.ts',
  'packages/tensor/src/web/index.ts',
  'packages/reparam/src/index.ts',
  'packages/reparam/src/classifiers/index.ts',
  'packages/reparam/src/data/node/index.ts',
  'packages/reparam/src/io/index.ts',
  'packages/reparam/src/io/node/index.ts',
  'packages/reparam/src/lab/index.ts',
  'packages/reparam/src/plot/index.ts',
];

test.each(entries)('%s: every export has a docstring', (entry) => {
  const all = exportsOf(join(root, entry));
  expect(all.length).toBeGreaterThan(0);
  const missing = all.filter((each) => !hasDocstring(each));
  expect([...new Set(missing.map(({ name, file }) => `${relative(root, file)}: ${name}`))]).toEqual([]);
});

test('the entries are those of the manifests', () => {
  const inManifests = ['tensor', 'reparam'].flatMap((name) => {
    const { exports } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
    const sources = Object.values(exports as Record<string, { source?: string }>).flatMap(({ source }) => source ?? []);
    return sources.map((source) => join('packages', name, source));
  });
  expect(entries).toEqual(inManifests);
});
