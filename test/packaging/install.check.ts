import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { binOf, makeProject, nodeOf, readmeExample, root, run } from './consumer.ts';

const work = mkdtempSync(join(tmpdir(), 'reparam-packaging-'));
const packed = join(work, 'packed');
const native = join(work, 'native');
const wasmOnly = join(work, 'wasm-only');
let tarballs: string[];

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/pack.mjs'), packed], { stdio: 'inherit' });
  tarballs = readdirSync(packed).map((name) => join(packed, name));
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const tools = ['typescript', '@types/node'].map((name) => `${name}@${devDependencies[name]}`);
  makeProject(native, [...tarballs, ...tools]);
  makeProject(wasmOnly, tarballs, '--omit=optional');
  writeFileSync(join(native, 'example.ts'), readmeExample());
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

/** The compiler of the consumer project on example.ts. */
const tsc = (module: string, moduleResolution: string, ...more: string[]) => {
  const options = [
    '--target',
    'es2022',
    '--lib',
    'es2023',
    '--types',
    'node',
    '--strict',
    '--noUncheckedIndexedAccess',
  ];
  const modules = ['--module', module, '--moduleResolution', moduleResolution];
  const compiler = binOf(native, 'typescript', 'tsc');
  return run(process.execPath, [compiler, ...options, ...modules, ...more, 'example.ts'], native);
};

describe('what is packed', () => {
  test('code, declarations, the fonts of pictures, manifest, readme and licence, nothing else', () => {
    expect(tarballs).toHaveLength(3);
    for (const tarball of tarballs) {
      const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
      const expected =
        /^package\/(package\.json|README\.md|LICENSE|bin\/\w+\.js|fonts\/(LICENSE|[\w-]+\.ttf)|dist\/[\w/.-]+(?<!\.test)\.(js|d\.ts))$/;
      expect(files.filter((file) => !expected.test(file))).toEqual([]);
      expect(files).toEqual(expect.arrayContaining(['package/README.md', 'package/LICENSE', 'package/package.json']));
    }
  });

  test('publint has nothing to say', async () => {
    for (const tarball of tarballs) {
      const bytes = readFileSync(tarball);
      const { messages } = await publint({ pack: { tarball: Uint8Array.from(bytes).buffer } });
      expect(messages.filter(({ type }) => type !== 'suggestion')).toEqual([]);
    }
  });
});

describe('with onnxruntime-node, install scripts off', () => {
  test.for([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ] as const)('the README example type-checks with module %s, resolution %s', async ([module, resolution]) => {
    expect(await tsc(module, resolution, '--noEmit')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('the README example runs under Node 20 and 24, with the same figures', async () => {
    expect((await tsc('nodenext', 'nodenext')).code).toBe(0);
    const printed = [];
    for (const major of [20, 24]) {
      for (const file of ['samples.png', 'decoder.onnx']) rmSync(join(native, file), { force: true });
      const node = nodeOf(major, join(work, `node${major}`));
      const { code, stdout, stderr } = await run(node, ['example.js'], native);
      expect([major, code, stderr]).toEqual([major, 0, '']);
      expect(readFileSync(join(native, 'samples.png')).subarray(1, 4).toString()).toBe('PNG');
      expect(statSync(join(native, 'decoder.onnx')).size).toBeGreaterThan(10_000);
      printed.push(stdout);
    }
    const [, value] = /log p\(x\) (-[\d.]+) ± [\d.]+ nats\/example/.exec(printed[0]!)!;
    expect(Number(value)).toBeGreaterThan(-26);
    expect(printed[1]).toBe(printed[0]);
  });

  test('the command trains, evaluates and exports under Node 20 and 24', async () => {
    const command = binOf(native, '@reparam/cli', 'reparam');
    const figures = [];
    for (const major of [20, 24]) {
      const node = nodeOf(major, join(work, `node${major}`));
      const folder = `run${major}`;
      const train = ['train', 'digits', '--epochs', '2', '--num-samples', '10', '--out', folder, '--json', '--quiet'];
      const { code, stdout, stderr } = await run(node, [command, ...train], native);
      expect([major, code, stderr]).toEqual([major, 0, '']);
      const { test: onTest, unit } = JSON.parse(stdout);
      expect(unit).toBe('nats/example');
      figures.push(onTest);
      const shown = await run(node, [command, 'show', folder, '--json'], native);
      expect(JSON.parse(shown.stdout).test).toEqual(onTest);
      for (const file of ['encoder.onnx', 'model.safetensors', 'report.html', 'samples.png']) {
        expect(existsSync(join(native, folder, file))).toBe(true);
      }
    }
    expect(figures[1]).toEqual(figures[0]);
  });
});

describe('without onnxruntime-node', () => {
  test('is how it is installed with --omit=optional', () => {
    expect(existsSync(join(wasmOnly, 'node_modules/onnxruntime-node'))).toBe(false);
    expect(existsSync(join(wasmOnly, 'node_modules/onnxruntime-web'))).toBe(true);
  });

  test('the README example runs on wasm', async () => {
    const code = readFileSync(join(native, 'example.js'), 'utf8')
      .replaceAll('nodeRuntime', 'webRuntime')
      .replace('@reparam/tensor/node', '@reparam/tensor/web')
      .replace('epochs: 30', 'epochs: 3');
    writeFileSync(join(wasmOnly, 'example.js'), code);
    const finished = await run(process.execPath, ['example.js'], wasmOnly);
    expect([finished.code, finished.stderr]).toEqual([0, '']);
    expect(finished.stdout).toMatch(/epoch 3: ELBO -\d\d\.\d\d nats/);
    expect(existsSync(join(wasmOnly, 'decoder.onnx'))).toBe(true);
  });

  test('the library says what is missing and what to do', async () => {
    writeFileSync(join(wasmOnly, 'native.js'), "await (await import('@reparam/tensor/node')).nodeRuntime();\n");
    const { code, stderr } = await run(process.execPath, ['native.js'], wasmOnly);
    expect(code).toBe(1);
    expect(stderr).toMatch(/onnxruntime-node cannot be loaded.*Install onnxruntime-node, or use the web runtime/s);
  });

  test('the command falls back to wasm and says so once', async () => {
    const command = binOf(wasmOnly, '@reparam/cli', 'reparam');
    const train = ['train', 'digits', '--epochs', '1', '--num-samples', '4', '--out', 'run', '--json'];
    const { code, stdout, stderr } = await run(process.execPath, [command, ...train], wasmOnly);
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    expect(stderr.match(/onnxruntime-node is not available.*times slower/g)).toHaveLength(1);
    expect(JSON.parse(stdout).test.elbo).toBeLessThan(0);
  });
});

describe('in a browser bundle', () => {
  const bundle = async (code: string) => {
    writeFileSync(join(native, 'entry.js'), code);
    const build = await rolldown({
      input: join(native, 'entry.js'),
      cwd: native,
      platform: 'browser',
      external: ['onnxruntime-web'],
      logLevel: 'silent',
    });
    const { output } = await build.generate({ format: 'esm' });
    await build.close();
    return output.filter((each) => each.type === 'chunk');
  };

  test('library and wasm runtime import nothing of Node', async () => {
    const chunks = await bundle(`
      export * from 'reparam'; export * as io from 'reparam/io'; export * as plot from 'reparam/plot';
      export * from '@reparam/tensor/web';`);
    const imports = chunks.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports]);
    const ours = new Set(chunks.map((chunk) => chunk.fileName));
    const foreign = imports.filter((name) => !ours.has(name));
    expect(foreign.filter((name) => name.startsWith('node:') || builtinModules.includes(name))).toEqual([]);
    expect([...new Set(foreign)]).toEqual(['onnxruntime-web']);
    expect(chunks.some(({ code }) => /require\(['"]node:|from ['"]node:/.test(code))).toBe(false);
  });

  test('what is not used is left out', async () => {
    const size = async (code: string) => (await bundle(code)).reduce((sum, chunk) => sum + chunk.code.length, 0);
    const [part, whole] = [await size("export { adam } from 'reparam';"), await size("export * from 'reparam';")];
    expect(part).toBeLessThan(whole / 3);
  });
});
