import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { densityPresets, presets } from 'reparam';
import { listDatasets } from 'reparam/data/node';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (page: string) => readFileSync(join(root, 'docs/course', page), 'utf8');
const pages = readdirSync(join(root, 'docs/course')).sort();
const commands = pages.flatMap((page) => [...read(page).matchAll(/^npx reparam (.*)$/gm)].map(([, rest]) => rest!));
/** The words of a command that stand after `option`. */
const valuesOf = (option: RegExp) => commands.flatMap((line) => option.exec(line)?.slice(1) ?? []);

test('presets and data sets of the commands exist', async () => {
  const known = [...presets, ...densityPresets].map(({ name }) => name);
  const named = [
    ...valuesOf(/--preset (\S+)/),
    ...valuesOf(/^diagram (\S+)/),
    ...pages.flatMap((page) =>
      [...read(page).matchAll(/`((?:vae|c?vae|iwae|flow|ppca)-[\w-]+)`/g)].map(([, name]) => name),
    ),
  ];
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !known.includes(name!))).toEqual([]);
  const sets = (await listDatasets()).map(({ name }) => name);
  expect(valuesOf(/^train (\S+)/).filter((name) => !sets.includes(name!))).toEqual([]);
});

test('a run is trained before another command opens it', () => {
  const made = new Set<string>();
  for (const line of commands) {
    const [, out] = /^train .*--out (\S+)/.exec(line) ?? [];
    if (out) made.add(out);
    else for (const [run] of line.matchAll(/runs\/\w+/g)) expect([line, made.has(run)]).toEqual([line, true]);
  }
});

test('what commands printed is there', () => {
  for (const page of pages) expect(read(page)).not.toMatch(/```text\s*```/);
});

test('every figure is shown, none is large', () => {
  const folder = join(root, 'docs/images/course');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const shown = pages.flatMap((page) =>
    [...read(page).matchAll(/\.\.\/images\/course\/([^)]+)\)/g)].map(([, path]) => join(folder, path!)),
  );
  expect([...new Set(shown)].sort()).toEqual(files.sort());
  const sizes = files.map((file) => statSync(file).size);
  expect(Math.max(...sizes)).toBeLessThan(100_000);
  expect(sizes.reduce((a, b) => a + b)).toBeLessThan(1_500_000);
});

test.each(pages)('%s: formulas are closed', (page) => {
  const text = read(page)
    .replace(/```[\s\S]*?```/g, '')
    .replace(/`[^`\n]*`/g, '');
  const displayed = text.split('$$');
  expect(displayed.length % 2).toBe(1);
  for (const paragraph of displayed
    .filter((_, i) => i % 2 === 0)
    .join('\n')
    .split(/\n\s*\n/)) {
    expect([paragraph, paragraph.split('$').length % 2]).toEqual([paragraph, 1]);
  }
  for (const formula of [...displayed.filter((_, i) => i % 2 === 1), ...(text.match(/\$[^$]+\$/g) ?? [])]) {
    expect([formula, formula.split('{').length]).toEqual([formula, formula.split('}').length]);
    expect([formula, formula.split('\\left').length]).toEqual([formula, formula.split('\\right').length]);
  }
});
