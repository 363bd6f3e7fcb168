export { removeTemporaries, type WritableFiles, writeFileAtomic } from './atomic.ts';
export { fileError } from './fileError.ts';
export { appendLine, type JsonRecord, readJsonl, truncateJsonl } from './jsonLines.ts';
export { type ReadFileOptions, readFileChecked } from './readFile.ts';
