import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  ...['tensor', 'reparam', 'cli'].map((name) => `packages/${name}/README.md`),
  ...['docs', 'docs/course', 'docs/systems'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
];
const withoutFilled = (text: string) => text.replace(/<!-- begin: [\s\S]*?<!-- end -->/g, '');

test('what comes from files, help texts and the schema is up to date', () => {
  const printed = execFileSync(process.execPath, [join(root, 'scripts/docs.mjs'), '--check'], { encoding: 'utf8' });
  expect(printed).toBe('The pages are up to date.\n');
});

test.each(pages)('%s: all TypeScript is that of a file, which is compiled and run', (page) => {
  expect(withoutFilled(read(page))).not.toMatch(/```(ts|typescript|js|javascript)\b/);
});

test('every example is run', () => {
  const tests = read('test/examples.test.ts');
  const importedBy = (name: string) =>
    tests.includes(`examples/${name}`) || read('examples/customLikelihood.ts').includes(`./${name}`);
  const files = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' });
  expect(files.filter((name) => name.endsWith('.ts') && !importedBy(name))).toEqual([]);
});

test.each(pages)('%s: links lead somewhere', (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
  for (const [link, path, heading] of links) {
    const target = path ? join(dirname(page), path) : page;
    expect([link, existsSync(join(root, target))]).toEqual([link, true]);
    if (heading) expect(headingsOf(read(target))).toContain(heading);
  }
});

const headingsOf = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  );

test.each(pages)('%s: commands and their flags exist', (page) => {
  const help = read('docs/commands.md');
  const keys = read('docs/config.md');
  const blocks = [...withoutFilled(read(page)).matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, body]) =>
    body!.split('\n'),
  );
  for (const line of blocks) {
    const [, command, rest = ''] =
      /^(?:npx )?reparam ((?:lab|experiment) [\w-]+|\w+)(.*)$/.exec(line.replace(/\s+#.*/, '')) ?? [];
    if (!command) continue;
    const section = help.split(`\n## reparam ${command}\n`)[1]?.split('\n## ')[0];
    expect([line, section === undefined]).toEqual([line, false]);
    for (const [flag] of rest.matchAll(/--[\w-]+/g)) expect(section).toMatch(new RegExp(`^  (-\\w, )?${flag}\\b`, 'm'));
    for (const [, key] of rest.matchAll(/--set ([\w.]+)=/g)) expect(keys).toContain(`\`${key}\``);
  }
});

test('npm scripts that the pages name exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = pages.flatMap((page) => [...read(page).matchAll(/npm (?:run )?(start|test|(?<=run )[\w:]+)/g)]);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter(([, script]) => !(script! in scripts)).map(([text]) => text)).toEqual([]);
});

test('every preset has its line and its page in docs/systems', async () => {
  const { densityPresets, presets } = await import('reparam');
  const listed = [...read('docs/systems/README.md').matchAll(/^- \[([\w-]+)\]\(([\w-]+)\.md\): (.*)$/gm)];
  const all = [...presets, ...densityPresets];
  expect(listed.map(([, name, , summary]) => [name, summary]).sort()).toEqual(
    all.map(({ name, summary }) => [name, summary]).sort(),
  );
  for (const [, name, page] of listed) expect(read(`docs/systems/${page}.md`)).toContain(name);
});
