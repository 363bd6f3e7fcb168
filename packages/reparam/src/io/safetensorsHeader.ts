import { type DType, type HostData, ReparamError } from '@reparam/tensor';

/** Longest header accepted, in bytes: a hundred thousand tensors fit; a forged length cannot ask for gigabytes. */
export const maxHeaderBytes = 16 * 2 ** 20;

/** One element type of the format: its name there, bytes an element, and how it is held here. */
export interface ElementType {
  readonly name: string;
  readonly bytes: number;
  readonly dtype: DType;
  readonly array: new (buffer: ArrayBuffer) => HostData;
}

/** Element types that are read and written. `F64` is a float32 tensor held in float64 by the reference interpreter. */
export const elementTypes: readonly ElementType[] = [
  { name: 'F64', bytes: 8, dtype: 'float32', array: Float64Array },
  { name: 'I64', bytes: 8, dtype: 'int64', array: BigInt64Array },
  { name: 'F32', bytes: 4, dtype: 'float32', array: Float32Array },
  { name: 'I32', bytes: 4, dtype: 'int32', array: Int32Array },
  { name: 'U8', bytes: 1, dtype: 'uint8', array: Uint8Array },
  { name: 'BOOL', bytes: 1, dtype: 'bool', array: Uint8Array },
];

/** A tensor as the header describes it; `begin` and `end` are byte offsets from the end of the header. */
export interface Entry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The refusal of a file, with its place. */
export const refuse = (at: string, what: string, got?: string, expected?: string): ReparamError =>
  new ReparamError('data', `cannot read safetensors: ${what}`, {
    at,
    got,
    expected,
    fix: 'The file is damaged or was not written as safetensors; write or download it again',
  });

/** Parses the JSON header (8-byte aligned or not) and checks every entry against `dataBytes`, the length of what follows it. */
export function parseHeader(text: string, dataBytes: number, at: string) {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw refuse(at, 'the header is not JSON', (cause as Error).message);
  }
  if (!isRecord(json)) throw refuse(at, 'the header is not a JSON object', shortJson(json), 'an object');
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) throw refuse(at, 'a key appears twice in the header', JSON.stringify(duplicate));

  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') metadata = checkMetadata(value, at);
    else entries.push(checkEntry(name, value, at));
  }
  checkCover(entries, dataBytes, at);
  return { entries, metadata };
}

function checkMetadata(value: unknown, at: string): Record<string, string> {
  if (!isRecord(value) || Object.values(value).some((text) => typeof text !== 'string')) {
    throw refuse(at, '__metadata__ is not text by name', shortJson(value), 'an object of strings');
  }
  return value as Record<string, string>;
}

function checkEntry(name: string, value: unknown, at: string): Entry {
  const place = `tensor ${JSON.stringify(name)}`;
  if (!isRecord(value)) throw refuse(at, `${place} has no description`, shortJson(value), 'an object');
  const { dtype, shape, data_offsets: offsets, ...rest } = value;
  const extra = Object.keys(rest)[0];
  if (extra !== undefined) throw refuse(at, `${place} has an unknown field`, JSON.stringify(extra));
  const type = elementTypes.find((known) => known.name === dtype);
  if (!type) {
    const known = elementTypes.map((each) => each.name).join(', ');
    throw refuse(at, `${place} has an element type that is not supported`, shortJson(dtype), known);
  }
  if (!isCounts(shape)) throw refuse(at, `${place} has a bad shape`, shortJson(shape), 'a list of sizes');
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw refuse(at, `${place} has bad offsets`, shortJson(offsets), '[begin, end]');
  }
  const [begin, end] = offsets as [number, number];
  const bytes = shape.reduce((product, size) => product * size, type.bytes);
  if (bytes !== end - begin) {
    throw refuse(
      at,
      `${place} does not fill its bytes`,
      `${end - begin} bytes`,
      `${bytes} for ${dtype} ${shortJson(shape)}`,
    );
  }
  return { name, type, shape, begin, end };
}

/** The tensors must cover the data exactly: no overlap, no hole, nothing after the last. */
function checkCover(entries: readonly Entry[], dataBytes: number, at: string): void {
  const ordered = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of ordered) {
    if (begin !== position) {
      const fault = begin < position ? 'overlaps the one before it' : 'leaves a hole before it';
      throw refuse(at, `tensor ${JSON.stringify(name)} ${fault}`, `offset ${begin}`, `${position}`);
    }
    position = end;
  }
  if (position !== dataBytes) {
    const fault = position > dataBytes ? 'the file is truncated' : 'bytes follow the last tensor';
    throw refuse(at, fault, `${dataBytes} bytes of data`, `${position}`);
  }
}

/** The first key written twice in one object of valid JSON text (JSON.parse keeps the last silently). */
function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, key] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (key !== undefined) {
      const name = JSON.parse(key) as string;
      if (open.at(-1)!.has(name)) return name;
      open.at(-1)!.add(name);
    }
  }
  return undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);

const shortJson = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80);
