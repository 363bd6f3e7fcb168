import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

const npmFlags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

/** An empty project with `packages` installed, install scripts off. */
export function makeProject(folder: string, packages: readonly string[], ...flags: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  execFileSync('npm', ['install', ...npmFlags, ...flags, ...packages], { cwd: folder, stdio: 'inherit' });
  return folder;
}

/** The Node of version `major`: this one, or one installed under `folder`. */
export function nodeOf(major: number, folder: string): string {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const binary = join(folder, 'node_modules', name, 'bin/node');
  if (!existsSync(binary)) makeProject(folder, [`${name}@${major}`]);
  return binary;
}

/** The `ts` block of README.md that shows the library. */
export function readmeExample(): string {
  const blocks = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)];
  const example = blocks.map(([, code]) => code!).find((code) => code.includes("from 'reparam'"));
  if (!example) throw new Error('README.md has no example of the library');
  return example;
}

/** The file package.json names as the command `name`. */
export function binOf(project: string, packageName: string, name: string): string {
  const folder = join(project, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[name]);
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `file` and waits until it ends; never rejects. */
export const run = (file: string, args: readonly string[], cwd: string): Promise<Finished> =>
  new Promise((done) => {
    // NODE_OPTIONS of the test runner are no business of a consumer.
    const { NODE_OPTIONS: _, ...env } = process.env;
    const process_ = execFile(file, args, { cwd, env, maxBuffer: 2 ** 26 }, (_error, stdout, stderr) =>
      done({ code: process_.exitCode ?? 1, stdout, stderr }),
    );
    process_.stdin?.end();
  });
