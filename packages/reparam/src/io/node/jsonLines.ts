import { open } from 'node:fs/promises';
import { ReparamError } from '@reparam/tensor';
import { writeFileAtomic } from './atomic.ts';
import { fileError } from './fileError.ts';
import { readFileChecked } from './readFile.ts';

/** One line of a JSON Lines file. */
export type JsonRecord = Readonly<Record<string, unknown>>;

const maxBytes = 2 ** 28;

/** Appends `line` and a newline, flushed to the disk; on a fault the file keeps its old length and a `file` error is thrown. */
export async function appendLine(path: string, line: string): Promise<void> {
  if (line.includes('\n')) {
    throw new ReparamError('config', 'a line cannot hold a line break', { at: path, got: JSON.stringify(line) });
  }
  try {
    const handle = await open(path, 'a');
    try {
      const { size } = await handle.stat();
      await handle.writeFile(`${line}\n`).catch(async (cause) => {
        await handle.truncate(size).catch(() => {});
        throw cause;
      });
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw fileError('append to the file', path, cause);
  }
}

/** The records of a JSON Lines file. A last line cut short by a kill is skipped; any other bad line is a `data` error. */
export async function readJsonl(path: string): Promise<JsonRecord[]> {
  const text = new TextDecoder().decode(await readFileChecked(path, { maxBytes }));
  const lines = text.split('\n');
  const unfinished = lines.pop()!;
  const records = lines.map((line, i) => parse(line) ?? badLine(path, i + 1, line));
  const last = parse(unfinished);
  return last ? [...records, last] : records;
}

/** Keeps the records for which `keepWhere` holds, in order, and drops a torn last line; the file is replaced atomically. */
export async function truncateJsonl(path: string, keepWhere: (record: JsonRecord) => boolean): Promise<JsonRecord[]> {
  const kept = (await readJsonl(path)).filter(keepWhere);
  await writeFileAtomic(path, kept.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return kept;
}

function parse(line: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : undefined;
  } catch {
    return undefined;
  }
}

function badLine(path: string, number: number, line: string): never {
  throw new ReparamError('data', 'a line is not a JSON object', {
    at: `${path}, line ${number}`,
    got: JSON.stringify(line.slice(0, 80)),
    fix: 'Remove the line, or restore the file from a copy',
  });
}
