// Writes the parts of README.md, docs/*.md and docs/course/*.md that come from elsewhere: files of code, the command's help, the schema of
// the configuration. Needs a build. `--check` writes nothing and exits 1 when a page is not up to date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { main } = await import(join(root, 'packages/cli/dist/main.js'));

/** What may stand between `<!-- begin: kind argument -->` and `<!-- end -->`. */
const kinds = {
  file: (argument) => {
    const [path, name] = argument.split('#');
    const text = readFileSync(join(root, path), 'utf8');
    return fenced(path.endsWith('.ts') ? 'ts' : '', name ? declaration(text, name, path) : text.trimEnd());
  },
  commands: commandSections,
  config: configTables,
};

const pages = [
  'README.md',
  ...['tensor', 'reparam', 'cli'].map((name) => `packages/${name}/README.md`),
  ...['docs', 'docs/course'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
];
const stale = [];
for (const page of pages) {
  const path = join(root, page);
  const before = readFileSync(path, 'utf8');
  const after = await fill(before);
  if (after === before) continue;
  stale.push(page);
  if (!process.argv.includes('--check')) writeFileSync(path, after);
}
if (process.argv.includes('--check') && stale.length > 0) {
  console.error(`not up to date: ${stale.join(', ')}. Run npm run docs`);
  process.exit(1);
}
console.log(stale.length > 0 ? `written: ${stale.join(', ')}` : 'The pages are up to date.');

async function fill(text) {
  const pattern = /<!-- begin: (\w+) ?(.*?) -->\n[\s\S]*?<!-- end -->/g;
  let result = '';
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, kind, argument] = match;
    const body = await kinds[kind](argument);
    result += `${text.slice(from, match.index)}<!-- begin: ${kind}${argument && ` ${argument}`} -->\n${body}\n<!-- end -->`;
    from = match.index + whole.length;
  }
  return result + text.slice(from);
}

function fenced(language, body) {
  return `\`\`\`${language}\n${body}\n\`\`\``;
}

/** An exported declaration with the comment above it, up to the first line that closes it. */
function declaration(text, name, path) {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => new RegExp(`^export (const|function|class|interface) ${name}\\b`).test(line));
  if (at < 0) throw new Error(`no export ${name} in ${path}`);
  let start = at;
  while (/^(\/\*\*| \*|\/\/)/.test(lines[start - 1] ?? '')) start--;
  let end = at;
  while (!/^[)\]};]|^[^ ].*;$/.test(lines[end]) || lines[end].endsWith('(') || lines[end].endsWith('{')) end++;
  return lines.slice(start, end + 1).join('\n');
}

/** What `--help` prints, as wide as into a file. */
async function help(...args) {
  const { write, isTTY } = process.stdout;
  let text = '';
  process.stdout.isTTY = false;
  process.stdout.write = (chunk) => {
    text += chunk;
    return true;
  };
  try {
    await main([...args, '--help']);
  } finally {
    Object.assign(process.stdout, { write, isTTY });
  }
  return text.trimEnd();
}

/** Every command, those of `lab` and `experiment` behind it as `lab <name>`. */
async function commandNames(...above) {
  const [, list] = /^Commands:\n([\s\S]*?)\n\n/m.exec(await help(...above)) ?? [];
  const names = [...(list ?? '').matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name).filter((name) => name !== 'help');
  const all = [];
  // One after the other: each takes what is printed.
  for (const name of names) {
    all.push([...above, name].join(' '));
    if (['lab', 'experiment'].includes(name)) all.push(...(await commandNames(name)));
  }
  return all;
}

async function commandSections() {
  const sections = [];
  for (const name of ['', ...(await commandNames())]) {
    const text = await help(...name.split(' ').filter(Boolean));
    sections.push(`${`## reparam ${name}`.trimEnd()}\n\n${fenced('text', text)}`);
  }
  return sections.join('\n\n');
}

async function configTables() {
  const { configSchema } = await import(join(root, 'packages/cli/dist/config/schema.js'));
  const { z } = await import('zod');
  const { findPreset } = await import('reparam');
  const { recipe } = findPreset('vae');
  const rows = [];
  const { densitySchemas } = await import(join(root, 'packages/cli/dist/config/schema/program.js'));
  const schemaOf = (schema) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  walk(schemaOf(configSchema), [], rows);
  for (const schema of Object.values(densitySchemas)) walk(schemaOf(schema).properties.program, ['program'], rows);
  const groups = Map.groupBy
    ? Map.groupBy(rows, ({ path }) => path[0])
    : rows.reduce((all, row) => all.set(row.path[0], [...(all.get(row.path[0]) ?? []), row]), new Map());
  return [...groups]
    .map(([group, members]) => {
      const lines = members.map(({ path, values, meaning, fallback }) => {
        const inPreset = path.reduce((value, key) => value?.[key], recipe);
        const value = inPreset ?? fallback;
        return `| \`${path.join('.')}\` | ${values} | ${value === undefined || isPart(value) ? '' : `\`${JSON.stringify(value)}\``} | ${meaning} |`;
      });
      return `## ${group}\n\n| key | values | default, preset \`vae\` | meaning |\n|---|---|---|---|\n${lines.join('\n')}`;
    })
    .join('\n\n');
}

function isPart(value) {
  return typeof value === 'object' && !Array.isArray(value) && !('schedule' in value);
}

/** Rows for the keys of a JSON schema, those of all its variants together. */
function walk(schema, path, rows) {
  const variants = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (path.length > 0) {
    const known = rows.find((row) => row.path.join('.') === path.join('.'));
    const values = [...new Set(leaves(schema))];
    const meaning = (schema.description ?? '').replaceAll('|', '\\|');
    if (known) {
      known.values = [...new Set([...known.values.split(', '), ...values])].join(', ');
      known.meaning ||= meaning;
    } else if (meaning || values.join() !== 'object') {
      rows.push({ path, values: values.join(', '), meaning, fallback: schema.default });
    }
  }
  for (const variant of variants) {
    for (const [key, child] of Object.entries(variant.properties ?? {})) walk(child, [...path, key], rows);
    if (variant !== schema && (variant.anyOf || variant.oneOf)) {
      for (const inner of [...(variant.anyOf ?? []), ...(variant.oneOf ?? [])]) {
        for (const [key, child] of Object.entries(inner.properties ?? {})) walk(child, [...path, key], rows);
      }
    }
  }
}

/** What a value may be, in words. */
function leaves(schema) {
  if (schema.anyOf || schema.oneOf) return [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(leaves);
  if ('const' in schema) return [`\`${schema.const}\``];
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``);
  if (schema.type === 'array')
    return [`list of ${leaves(schema.items).join(' or ').replace('whole number', 'whole numbers')}`];
  const least = schema.minimum ?? schema.exclusiveMinimum;
  if (least === 0 && schema.exclusiveMaximum === 1) return ['number from 0 to below 1'];
  const bound = { 0: schema.exclusiveMinimum === 0 ? ' above 0' : ' ≥ 0' }[least] ?? (least > 0 ? ` ≥ ${least}` : '');
  const words = {
    integer: `whole number${bound}`,
    number: `number${bound}`,
    string: 'text',
    boolean: '`true`, `false`',
  };
  return [words[schema.type] ?? 'object'];
}
