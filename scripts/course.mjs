// Makes every output and every figure of the course again: runs the commands of docs/course/*.md in their order, each
// once, in the folder runs/course (or the one named as argument); writes what the commands of a block print into
// the block of text below it; copies each picture to docs/images/course, where it has the same path as in the folder. Needs a build.
// What a command printed stays in outputs.json of that folder: given again, only new commands run; without it, all.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const bin = join(root, 'packages/cli/bin/reparam.js');
const folder = resolve(process.argv[2] ?? join(root, 'runs/course'));
const pages = readdirSync(join(root, 'docs/course'))
  .filter((name) => name.endsWith('.md'))
  .sort()
  .map((name) => join(root, 'docs/course', name));

const book = join(folder, 'outputs.json');
mkdirSync(folder, { recursive: true });
const outputs = existsSync(book) ? JSON.parse(readFileSync(book, 'utf8')) : {};
for (const page of pages) {
  const text = readFileSync(page, 'utf8');
  const filled = text.replace(/```sh\n([\s\S]*?)```(\n\n```text\n[\s\S]*?```)?/g, (whole, body, shown) => {
    const printed = body.trim().split('\n').map(run);
    return shown ? `\`\`\`sh\n${body}\`\`\`\n\n\`\`\`text\n${printed.filter(Boolean).join('\n\n')}\n\`\`\`` : whole;
  });
  if (filled !== text) writeFileSync(page, filled);
  for (const [, image] of filled.matchAll(/images\/course\/([^)"\s]+)/g)) copy(image);
}

/** What a command prints, without where its files are; each command runs once. */
function run(line) {
  const [, args] = /^npx reparam (.*)$/.exec(line.replace(/\s+#.*/, '')) ?? [];
  if (!args) return '';
  if (!(args in outputs)) {
    const start = Date.now();
    const words = [...args.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...words], { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${line}: exit code ${status}\n${stderr}`);
    console.log(`${((Date.now() - start) / 1000).toFixed(1).padStart(6)} s  ${line}`);
    outputs[args] = stdout;
    writeFileSync(book, JSON.stringify(outputs, null, 2));
  }
  return outputs[args]
    .replace(/^(written to| *run folder:) .*$/gm, '')
    .replace(/ +$/gm, '')
    .replace(/^\n+|\n+$/g, '');
}

function copy(image) {
  const from = join(folder, image);
  if (!existsSync(from)) throw new Error(`no command of the course makes ${image}`);
  const to = join(root, 'docs/images/course', image);
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  console.log(`${(statSync(to).size / 1024).toFixed(1).padStart(6)} kB  docs/images/course/${image}`);
}
