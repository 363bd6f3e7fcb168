import { ReparamError } from '@reparam/tensor';
import { findPreset } from 'reparam';
import { readFileChecked } from 'reparam/io/node';
import { type DensityRunConfig, densityRecipe, parseDensityConfig } from '../program/config.ts';
import { explain } from './explain.ts';
import { configSchema, type RunConfig } from './schema.ts';
import { isObject, type JsonObject, merge, nested, withoutReplaced } from './tree.ts';

/** Where a configuration comes from, weakest first. */
export interface ConfigSources {
  readonly preset?: string | undefined;
  /** Path of a JSON file. */
  readonly file?: string | undefined;
  /** `path=value`, as `--set` takes it. */
  readonly set?: readonly string[];
  /** Values of flags of their own, by dotted path. */
  readonly flags?: readonly (readonly [path: string, value: unknown])[];
}

const maxFileBytes = 2 ** 20;

/** The configuration of a run on `dataset`: preset, then file, then `--set` and flags. Throws `config` naming the key that is wrong. */
export async function resolveConfig(sources: ConfigSources, dataset: string): Promise<RunConfig> {
  const config = await resolveAnyConfig(sources, dataset);
  if ('model' in config) return config;
  throw new ReparamError('unsupported', `the preset ${config.preset} is no model with latent codes`, {
    expected: 'a preset whose recipe has a model',
    fix: `reparam train ${dataset} --preset ${config.preset}`,
  });
}

/** The same, of a model with latent codes or of a density model. */
export async function resolveAnyConfig(sources: ConfigSources, dataset: string): Promise<RunConfig | DensityRunConfig> {
  const { preset, file, set = [], flags = [] } = sources;
  const fromFile = file === undefined ? {} : await readConfigFile(file);
  // Overrides are put together first, so that their order does not matter.
  const overrides = [
    ...set.map(parseSetting),
    ...flags.map(([path, value]) => nested(path.split('.'), value)),
    { data: { name: dataset } },
  ].reduce(merge, {});
  const chosen = merge(
    merge({ preset: 'vae' }, fromFile),
    preset === undefined ? overrides : merge(overrides, { preset }),
  );
  const { preset: name } = chosen as { preset: unknown };
  if (typeof name !== 'string') {
    throw new ReparamError('config', 'configuration preset', { got: JSON.stringify(name), expected: 'text', at: file });
  }
  const density = densityRecipe(name);
  const { binarization, ...recipe } = density ?? findPreset(name).recipe;
  const base = { ...recipe, ...(binarization && { data: { binarization } }) };
  const raw = merge(withoutReplaced(base, chosen), chosen);
  return density ? parseDensityConfig(raw, file) : parseConfig(raw, file);
}

/** `raw` as a configuration; unknown keys and wrong types are errors of `code`. */
export function parseConfig(raw: unknown, at?: string, code: 'config' | 'data' = 'config'): RunConfig {
  const result = configSchema.safeParse(raw);
  if (result.success) return result.data;
  throw explain(result.error, raw, at, code);
}

async function readConfigFile(path: string): Promise<JsonObject> {
  const text = new TextDecoder().decode(await readFileChecked(path, { maxBytes: maxFileBytes }));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ReparamError('config', 'the configuration file is not JSON', {
      got: (cause as Error).message,
      at: path,
      cause,
    });
  }
  if (isObject(value)) return value;
  throw new ReparamError('config', 'the configuration file', {
    got: text.slice(0, 40),
    expected: 'a JSON object',
    at: path,
  });
}

function parseSetting(setting: string): unknown {
  const [, path, value] = /^([^=\s]+)=(.*)$/s.exec(setting) ?? [];
  if (path === undefined) {
    throw new ReparamError('config', '--set', {
      got: JSON.stringify(setting),
      expected: 'path=value, such as training.epochs=5',
    });
  }
  return nested(path.split('.'), parseValue(value!));
}

const numberPattern = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** JSON where it is JSON, a number as people write it (`.5`), else the bare text. */
export function parseValue(text: string): unknown {
  if (numberPattern.test(text)) return Number(text);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
