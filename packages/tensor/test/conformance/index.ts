import { elementwiseRows } from './elementwise.ts';
import { imageRows } from './images.ts';
import type { Row } from './row.ts';
import { structureRows } from './structure.ts';

export * from './row.ts';

/** The conformance table: at least a row for every exported operation. */
export const rows: readonly Row[] = [...elementwiseRows, ...structureRows, ...imageRows];
