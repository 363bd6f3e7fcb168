/** What the scripts of this folder share: runs made by the command, gone on with where an earlier call stopped, and tables. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const bin = join(here, '../../packages/cli/bin/reparam.js');

export const quick = process.argv.includes('--quick');
/** Names given on the command line: only these rows. */
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));

const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined);

/** Runs the command with `--json`; resolves to what it prints, and rejects when it fails. */
export function reparam(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(stdout));
      else reject(new Error(`reparam ${args.join(' ')}: exit code ${code}${stdout && `\n${stdout}`}`));
    });
  });
}

/** A script's folder, and its rows: those named on the command line, or all. */
export function job(name, rows) {
  const folder = join(here, '../results/quality', quick ? `${name}-quick` : name);
  mkdirSync(folder, { recursive: true });
  for (const one of wanted) {
    if (!rows.some((row) => row.name === one)) {
      throw new Error(`no row ${one}; known: ${rows.map((row) => row.name).join(', ')}`);
    }
  }
  return { folder, rows: rows.filter((row) => wanted.length === 0 || wanted.includes(row.name)) };
}

/**
 * Trains a run in a folder of its own, resumes it where it was interrupted, or reads the figures of a finished one. `args` are
 * those of `reparam train`, the data set first.
 */
export async function trained(folder, name, args) {
  const out = join(folder, name);
  const stored = read(join(out, 'evaluation.json'));
  if (stored) return { folder: out, ...stored };
  const begun = existsSync(join(out, 'checkpoint.safetensors'));
  process.stderr.write(`${name}: reparam ${begun ? `resume ${relative('.', out)}` : `train ${args.join(' ')}`}\n`);
  return { folder: out, ...(await reparam(begun ? ['resume', out] : ['train', ...args, '--out', out])) };
}

/** The result of a lasting command, kept in a file: computed once. */
export async function once(file, compute) {
  const stored = read(file);
  if (stored) return stored;
  const value = await compute();
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
  return value;
}

/** The command a person would type. */
export const commandOf = (args) => `reparam train ${args.map((a) => (/[[\]{}]/.test(a) ? `'${a}'` : a)).join(' ')}`;

/** `value ± standard error`, or nothing. */
export const withError = (value, error) =>
  typeof value !== 'number' ? '' : `${value.toFixed(2)}${typeof error === 'number' ? ` ± ${error.toFixed(2)}` : ''}`;

/** Prints rows as a Markdown table and, where they are all of the script's, writes them to `results.json` of the folder. */
export function report(folder, columns, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const head = [line(columns), line(columns.map(() => '---'))];
  const body = rows.map((row) => line(columns.map((column) => String(row[column] ?? ''))));
  process.stdout.write(`${[...head, ...body].join('\n')}\n`);
  if (wanted.length > 0) return;
  const file = join(folder, 'results.json');
  writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
  process.stderr.write(`written: ${relative('.', file)}\n`);
}
