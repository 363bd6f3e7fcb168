import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { readFileChecked } from 'reparam/io/node';
import { isObject, type JsonObject } from '../config/tree.ts';
import { runFiles } from './folder.ts';
import { exists } from './openRun.ts';

/** What evaluation.json holds: the object `train --json` prints. */
export interface StoredEvaluation {
  readonly test: JsonObject;
  readonly warnings: readonly string[];
}

/** The figures stored when training ended; undefined for an unfinished run. */
export async function readEvaluation(folder: string): Promise<(JsonObject & StoredEvaluation) | undefined> {
  const at = join(folder, runFiles.evaluation);
  if (!(await exists(at))) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(await readFileChecked(at, { maxBytes: 2 ** 24 })));
    if (isObject(value) && isObject(value.test) && Array.isArray(value.warnings)) {
      return value as JsonObject & StoredEvaluation;
    }
  } catch (cause) {
    if (cause instanceof ReparamError) throw cause;
  }
  throw new ReparamError('data', 'not the stored figures of a run', {
    at,
    fix: 'Delete the file and run `reparam resume` to measure again',
  });
}
