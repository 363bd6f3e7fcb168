import { z } from 'zod';
import { densitySchemas } from './schema/program.ts';
import { configSchema } from './schema.ts';

/** A key of the configuration, dotted, and what it means. */
export interface ConfigKey {
  readonly path: string;
  readonly description: string;
}

/** Every key of `schema`, those of all variants of a union included, in the order of the schema. */
export function keysOf(schema: z.core.$ZodType, prefix = ''): ConfigKey[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return keysOf(schema.unwrap(), prefix);
  if (schema instanceof z.ZodUnion) {
    const all = schema.options.flatMap((option) => keysOf(option, prefix));
    return all.filter(({ path }, i) => all.findIndex((other) => other.path === path) === i);
  }
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, child]) => {
    const path = prefix ? `${prefix}.${key}` : key;
    return [{ path, description: descriptionOf(child) }, ...keysOf(child, path)];
  });
}

function descriptionOf(schema: z.ZodType): string {
  const own = schema.meta()?.description;
  if (own !== undefined) return own;
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault
    ? descriptionOf(schema.unwrap() as z.ZodType)
    : '';
}

/** Every key of a run's configuration. */
export const configKeys: readonly ConfigKey[] = [configSchema, ...Object.values(densitySchemas)]
  .flatMap((schema) => keysOf(schema))
  .filter(({ path }, i, all) => all.findIndex((other) => other.path === path) === i);
