// Makes the tarballs of the packages, as they would be published, in the folder given (default: dist). Needs a build.
// The export condition `source` is for this repository only, where the sources lie: it is left out.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const out = resolve(process.argv[2] ?? join(root, 'dist'));
mkdirSync(out, { recursive: true });
const staging = mkdtempSync(join(tmpdir(), 'reparam-pack-'));
try {
  for (const name of ['tensor', 'reparam', 'cli']) {
    const folder = join(root, 'packages', name);
    const staged = join(staging, name);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const file of ['README.md', 'LICENSE', ...manifest.files.filter((each) => !each.startsWith('!'))]) {
      cpSync(join(folder, file), join(staged, file), { recursive: true });
    }
    writeFileSync(join(staged, 'package.json'), `${JSON.stringify(published(manifest), null, 2)}\n`);
    const printed = execFileSync('npm', ['pack', '--json', '--pack-destination', out], {
      cwd: staged,
      encoding: 'utf8',
    });
    const [{ filename, size, files }] = JSON.parse(printed);
    console.log(`${join(out, filename)}  ${files.length} files, ${Math.ceil(size / 1000)} kB`);
  }
} finally {
  rmSync(staging, { recursive: true });
}

function published({ scripts: _, ...manifest }) {
  const exports = Object.entries(manifest.exports ?? {}).map(([path, target]) => {
    if (typeof target === 'string') return [path, target];
    const { source: __, ...rest } = target;
    return [path, rest];
  });
  return {
    ...manifest,
    ...(manifest.exports && { exports: Object.fromEntries(exports) }),
    ...(Array.isArray(manifest.sideEffects) && {
      sideEffects: manifest.sideEffects.filter((file) => !file.startsWith('./src/')),
    }),
  };
}
