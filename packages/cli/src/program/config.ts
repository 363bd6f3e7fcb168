import { ReparamError } from '@reparam/tensor';
import { type DensityRecipe, densityPresets } from 'reparam';
import type { z } from 'zod';
import { explain } from '../config/explain.ts';
import { densitySchemas } from '../config/schema/program.ts';
import { isObject } from '../config/tree.ts';

/** The configuration of a density model's run. */
export type DensityRunConfig = z.infer<(typeof densitySchemas)[keyof typeof densitySchemas]>;

/** The recipe of a preset of a density model; undefined for other presets. */
export const densityRecipe = (preset: string): DensityRecipe | undefined =>
  densityPresets.find(({ name }) => name === preset)?.recipe;

/** Whether `raw` is the configuration of a density model. */
export const isDensityConfig = (raw: unknown): boolean =>
  isObject(raw) && isObject(raw.program) && Object.hasOwn(densitySchemas, String(raw.program.kind));

/** `raw` as the configuration of a density model; unknown keys and wrong types are errors of `code`. */
export function parseDensityConfig(raw: unknown, at?: string, code: 'config' | 'data' = 'config'): DensityRunConfig {
  if (!isDensityConfig(raw)) {
    throw new ReparamError(code, 'configuration program.kind', {
      expected: `one of ${Object.keys(densitySchemas).join(', ')}`,
      at,
    });
  }
  const { kind } = (raw as { program: { kind: keyof typeof densitySchemas } }).program;
  const result = densitySchemas[kind].safeParse(raw);
  if (result.success) return result.data;
  throw explain(result.error, raw, at, code);
}
