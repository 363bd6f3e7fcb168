import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { reparam, testFolder } from './command.ts';

const folder = testFolder();
const args = [
  'train',
  'digits',
  '--preset',
  'vae-2d',
  '--epochs',
  '1',
  '--set',
  'model.hidden=[8]',
  '--num-samples',
  '0',
];

/** Node options under which the package `onnxruntime-node` is not there. */
let withoutNative: string;

beforeAll(async () => {
  const hooks = `export const resolve = async (name, context, next) => {
    if (name === 'onnxruntime-node') throw Object.assign(new Error("Cannot find package 'onnxruntime-node'"), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(name, context);
  };`;
  const path = join(folder.path, 'register.mjs');
  const url = `data:text/javascript,${encodeURIComponent(hooks)}`;
  await writeFile(path, `import { register } from 'node:module';\nregister(${JSON.stringify(url)});\n`);
  withoutNative = `--import ${pathToFileURL(path)}`;
});

const run = (...more: string[]) =>
  reparam([...args, ...more], { cwd: folder.path, env: { NODE_OPTIONS: withoutNative } });

describe('where onnxruntime-node is missing', () => {
  it('goes on with wasm and says once what that costs', async () => {
    const { code, stdout, stderr } = await run('--json', '-q');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).test.elbo).toBeLessThan(0);
    expect(stderr.match(/onnxruntime-node is not available here/g)).toHaveLength(1);
    expect(stderr).toMatch(/going on with onnxruntime-web \(wasm\), about 8 times slower/);
  });

  it.each([
    ['--runtime', 'node'],
    ['--provider', 'cpu'],
  ])('refuses when it was asked for by %s', async (...choice) => {
    const { code, stdout, stderr } = await run(...choice);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/onnxruntime-node cannot be loaded: got Cannot find package 'onnxruntime-node'/);
  });
});
