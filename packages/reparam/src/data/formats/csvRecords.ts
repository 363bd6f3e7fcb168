import { ReparamError } from '@reparam/tensor';

export interface CsvRecord {
  readonly fields: readonly string[];
  /** Line the record begins on, from 1. */
  readonly line: number;
}

const [quote, newline, carriage] = [0x22, 0x0a, 0x0d];
const decoder = new TextDecoder();
const recordLimit = 64 * 1024 * 1024;

/**
 * Yields the records of CSV bytes: fields split by `delimiter`, quotes taken off, `""` inside quotes is one quote. Blank
 * lines (unless `keepBlank`) and a byte-order mark are skipped. A data error for a quote left open, a stray quote or a record above 64 MiB.
 */
export function* csvRecords(bytes: Uint8Array, delimiter: string, at: string, keepBlank = false): Generator<CsvRecord> {
  const bom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  let line = 1;
  for (let start = bom ? 3 : 0; start < bytes.length; ) {
    const { end, quoted, breaks } = recordEnd(bytes, start);
    if (end - start > recordLimit) {
      throw new ReparamError('data', `line ${line} is too long`, {
        got: `${end - start} bytes`,
        expected: `at most ${recordLimit}`,
        at,
      });
    }
    const text = decoder.decode(bytes.subarray(start, bytes[end - 1] === carriage ? end - 1 : end));
    if (keepBlank || text.trim() !== '') {
      yield { fields: quoted ? splitQuoted(text, delimiter, line, at) : text.split(delimiter), line };
    }
    line += 1 + breaks;
    start = end + 1;
  }
}

/** Where the record from `start` ends: the next line feed outside quotes, or the end. */
function recordEnd(bytes: Uint8Array, start: number) {
  let inside = false;
  let quoted = false;
  let breaks = 0;
  let end = start;
  for (; end < bytes.length; end++) {
    const byte = bytes[end]!;
    if (byte === quote) {
      inside = !inside;
      quoted = true;
    } else if (byte === newline) {
      if (!inside) break;
      breaks++;
    }
  }
  return { end, quoted, breaks };
}

function splitQuoted(text: string, delimiter: string, line: number, at: string): string[] {
  const fields: string[] = [];
  let i = 0;
  for (;;) {
    let field = '';
    if (text[i] === '"') {
      const pattern = /"((?:[^"]|"")*)"/y;
      pattern.lastIndex = i;
      const found = pattern.exec(text);
      i = pattern.lastIndex;
      if (!found || (i < text.length && text[i] !== delimiter)) {
        throw new ReparamError('data', `line ${line}, column ${fields.length + 1} has a quote out of place`, {
          expected: 'a field wholly inside quotes, with "" for a quote',
          at,
        });
      }
      field = found[1]!.replaceAll('""', '"');
    } else {
      const next = text.indexOf(delimiter, i);
      field = text.slice(i, next < 0 ? undefined : next);
      i = next < 0 ? text.length : next;
    }
    fields.push(field);
    if (i >= text.length) return fields;
    i += delimiter.length;
  }
}

/** Whichever of comma, tab and semicolon the first line has most of (outside quotes); comma when none. */
export function guessDelimiter(bytes: Uint8Array): string {
  const { end } = recordEnd(bytes, 0);
  const first = decoder.decode(bytes.subarray(0, Math.min(end, 65_536))).replaceAll(/"[^"]*"/g, '');
  const count = (mark: string) => first.split(mark).length;
  return [',', '\t', ';'].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}
