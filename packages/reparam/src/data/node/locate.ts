import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { kindOf } from './files.ts';
import type { NamedSet, SetFile } from './registry.ts';

/** Where named sets are looked for. */
export interface LocateOptions {
  /** A folder to look in first. */
  readonly dataDir?: string;
  /** Where downloads are kept; default `REPARAM_CACHE`, else the platform's cache folder. */
  readonly cacheDir?: string;
}

/** The folder for downloads: `REPARAM_CACHE`, else `reparam` in the platform's cache folder. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  if (env.REPARAM_CACHE) return env.REPARAM_CACHE;
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'reparam', 'cache');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'reparam');
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'reparam');
}

/** A place where a set may lie: what to call it, and the folder. */
export interface Place {
  readonly title: string;
  readonly folder: string;
}

/** Where to look for a set on this machine, first to last: data folder, cache, npm package, system package. */
export function placesOf(set: NamedSet, options: LocateOptions): Place[] {
  const { dataDir, cacheDir = cacheFolder() } = options;
  const places: Place[] = [];
  if (dataDir) {
    for (const below of ['', ...set.folders]) places.push({ title: 'data folder', folder: join(dataDir, below) });
  }
  places.push({ title: 'cache', folder: join(cacheDir, set.name) });
  const { npmPackage, systemFolder } = set;
  if (npmPackage) {
    for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
      const folder = packageFolder(npmPackage.name, from);
      if (folder) places.push({ title: `npm package ${npmPackage.name}`, folder: join(folder, npmPackage.folder) });
    }
  }
  if (systemFolder) places.push({ title: 'system folder', folder: systemFolder });
  return places;
}

function packageFolder(name: string, from: string): string | undefined {
  try {
    return dirname(createRequire(from).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

/** The first of `places` holding `file`, plain or gzipped, with a hyphen or a dot before `idx`; undefined when none does. */
export async function findFile(
  places: readonly Place[],
  file: SetFile,
): Promise<{ path: string; place: Place } | undefined> {
  const dotted = file.name.replace('-idx', '.idx');
  for (const place of places) {
    for (const name of [file.name, `${file.name}.gz`, dotted, `${dotted}.gz`]) {
      const path = join(place.folder, name);
      if ((await kindOf(path)) === 'file') return { path, place };
    }
  }
  return undefined;
}
