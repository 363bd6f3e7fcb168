// Checks that imports go one way only: between the packages, between the folders of the library, and towards Node.
// Prints every import that breaks a rule with the rule's text, and exits 1 when there is one.
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** What each package may import of the others. */
const packages = {
  tensor: [],
  reparam: ['@reparam/tensor'],
  cli: ['@reparam/tensor', 'reparam'],
};

/** Folders (and files) of the library from the bottom up: each imports from its own layer and those below it. */
const layers = [
  ['context.ts', 'params.ts', 'version.ts'],
  ['distributions', 'flows', 'nn', 'optim'],
  ['priors', 'posteriors', 'likelihoods', 'objectives'],
  ['models'],
  ['train', 'metrics', 'latent', 'lab', 'classifiers'],
  ['presets'],
  ['io', 'plot'],
  ['index.ts'],
];

/** Folders beside the layers, and what they import; only the layers from `firstDataLayer` up may import them. */
const beside = { data: [], classical: ['data', 'optim', 'params.ts'] };
const firstDataLayer = layers.findIndex((layer) => layer.includes('train'));

/** An objective is a function of a model: it names the interface, which lives with the models, and nothing else. */
const typeExceptions = [['objectives', 'models/latentModel.ts']];

const problems = [];

for (const name of Object.keys(packages)) {
  const folder = join(root, 'packages', name);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  const declared = new Set(Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }));
  const source = join(folder, 'src');
  const edges = new Map();
  for (const file of filesIn(source)) {
    for (const found of importsOf(readFileSync(file, 'utf8'))) {
      const rule = brokenRule({ name, source, file, declared, edges, ...found });
      if (rule) problems.push({ file: relative(root, file), line: found.line, specifier: found.specifier, rule });
    }
  }
  for (const cycle of cyclesOf(edges)) {
    problems.push({
      file: relative(root, source),
      specifier: cycle.join(' → '),
      rule: 'folders do not import each other in a circle',
    });
  }
}

for (const { file, line, specifier, rule } of problems) {
  console.error(`${file}${line ? `:${line}` : ''}  ${specifier}\n    ${rule}`);
}
if (problems.length > 0) {
  console.error(`\n${problems.length} import${problems.length > 1 ? 's' : ''} against the direction of the packages`);
  process.exit(1);
}
console.log('Imports go one way.');

/** The rule that an import breaks, or undefined. */
function brokenRule({ name, source, file, specifier, isType, declared, edges }) {
  const from = relative(source, file);
  const inNode = from.split('/').includes('node');
  if (specifier.startsWith('.')) {
    const to = relative(source, resolve(dirname(file), specifier));
    if (to.startsWith('..')) return 'a package imports another one by its name, never by a path';
    if (to.split('/').includes('node') && !inNode && name !== 'cli') {
      return 'what lies in a node/ folder is imported from node/ folders only: the rest runs in a browser';
    }
    if (name === 'tensor' && from === 'errors.ts') return 'errors.ts imports nothing';
    return name === 'reparam' ? brokenLayer(from, to, isType, edges) : undefined;
  }
  const isBuiltin = specifier.startsWith('node:') || builtinModules.includes(specifier);
  if (isBuiltin) {
    if (!specifier.startsWith('node:')) return `Node's own modules are written node:${specifier}`;
    if (name !== 'cli' && !inNode) return 'node: modules are imported in node/ folders and in the command only';
    return undefined;
  }
  const target = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (target === 'reparam' || target.startsWith('@reparam/')) {
    if (!packages[name].includes(target))
      return `${name} may import ${packages[name].join(' and ') || 'none'} of our packages`;
    if (name !== 'cli' && !inNode && specifier.endsWith('/node')) {
      return 'a /node entry is imported from node/ folders and the command only: the rest runs in a browser';
    }
  }
  // Types of onnxruntime-common come with either runtime, and are erased.
  if (!declared.has(target) && !(isType && target === 'onnxruntime-common')) {
    return `${target} is not a dependency in packages/${name}/package.json`;
  }
  return undefined;
}

function brokenLayer(from, to, isType, edges) {
  const [a, b] = [from.split('/')[0], to.split('/')[0]];
  if (a === b) return undefined;
  if (isType && typeExceptions.some(([folder, file]) => folder === a && file === to)) return undefined;
  if (!isType) edges.set(a, (edges.get(a) ?? new Set()).add(b));
  const [layerA, layerB] = [a, b].map((part) => layers.findIndex((layer) => layer.includes(part)));
  for (const [part, layer] of [
    [a, layerA],
    [b, layerB],
  ]) {
    if (layer < 0 && !(part in beside)) return `${part} has no layer yet: give it one in scripts/checkImports.mjs`;
  }
  if (a in beside)
    return beside[a].includes(b)
      ? undefined
      : `${a} imports ${['the tensor package', ...beside[a]].join(' and ')} only`;
  if (b in beside)
    return layerA >= firstDataLayer ? undefined : `${a} knows nothing of ${b}: models and their parts work on tensors`;
  return layerA >= layerB
    ? undefined
    : `${a} lies below ${b}: ${layers[layerA].join(', ')} ← … ← ${layers[layerB].join(', ')}`;
}

/** Import and export statements and dynamic imports, with their line; `isType` for those that are erased. */
function importsOf(text) {
  // Comments may quote imports; blanked, they keep the line numbers.
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ' '));
  const pattern =
    /^(?:import|export)\b(\s+type\b)?[^;'"]*?\bfrom\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
  return [...code.matchAll(pattern)].map((match) => ({
    specifier: match[2] ?? match[3] ?? match[4],
    isType: match[1] !== undefined,
    line: code.slice(0, match.index).split('\n').length,
  }));
}

/** Circles among the folders, each from its first name on. */
function cyclesOf(edges) {
  const found = [];
  const visit = (folder, path) => {
    const at = path.indexOf(folder);
    if (at >= 0) {
      const cycle = path.slice(at);
      // Each circle is met from every folder on it: kept once, from its first name.
      if (cycle.every((each) => folder <= each)) found.push([...cycle, folder]);
      return;
    }
    for (const next of edges.get(folder) ?? []) visit(next, [...path, folder]);
  };
  for (const folder of edges.keys()) visit(folder, []);
  return [...new Map(found.map((cycle) => [cycle.join(), cycle])).values()];
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}
