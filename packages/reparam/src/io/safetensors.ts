import { type HostData, type HostTensor, hostTensor, ReparamError } from '@reparam/tensor';
import { type ElementType, elementTypes, maxHeaderBytes, parseHeader, refuse } from './safetensorsHeader.ts';

/** What a safetensors file holds: tensors by name and free text by name. */
export interface Safetensors {
  readonly tensors: Record<string, HostTensor>;
  readonly metadata: Record<string, string>;
}

/**
 * Named tensors as a safetensors file: 8 bytes of header length, a JSON header padded with spaces to 8 bytes, then the
 * data, little endian, widest elements first so that every tensor is aligned.
 * Throws `config` on a name the format cannot hold. Format: https://github.com/huggingface/safetensors
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const items = Object.entries(tensors)
    .map(([name, tensor]) => ({ name, tensor, type: typeOf(tensor) }))
    .sort((a, b) => b.type.bytes - a.type.bytes);

  const described: [string, unknown][] = Object.keys(metadata).length ? [['__metadata__', metadata]] : [];
  let dataBytes = 0;
  for (const { name, tensor, type } of items) {
    checkName(name);
    const end = dataBytes + tensor.data.byteLength;
    described.push([name, { dtype: type.name, shape: tensor.shape, data_offsets: [dataBytes, end] }]);
    dataBytes = end;
  }
  const json = JSON.stringify(Object.fromEntries(described));
  const header = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(header.length / 8) * 8;
  if (headerBytes > maxHeaderBytes) {
    throw new ReparamError('config', 'the safetensors header is too long', {
      got: `${headerBytes} bytes`,
      expected: `at most ${maxHeaderBytes}`,
    });
  }

  const file = new Uint8Array(8 + headerBytes + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8, 8 + headerBytes).set(header, 8);
  let position = 8 + headerBytes;
  for (const { tensor } of items) {
    file.set(bytesOf(tensor.data), position);
    position += tensor.data.byteLength;
  }
  return file;
}

/**
 * Reads a safetensors file strictly: `data` errors on a short, oversized or malformed header, a key written twice,
 * overlaps, holes, bytes that do not fit the shapes, and element types other than F64, F32, I64, I32, U8, BOOL.
 * `at` names the file in errors. The tensors own their memory.
 */
export function readSafetensors(bytes: Uint8Array, at = 'safetensors'): Safetensors {
  if (bytes.length < 8) throw refuse(at, 'the file is too short', `${bytes.length} bytes`, 'at least 8');
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw refuse(at, 'the header is too long', `${length} bytes`, `at most ${maxHeaderBytes}`);
  }
  const start = 8 + Number(length);
  if (start > bytes.length) {
    throw refuse(at, 'the header is truncated', `${bytes.length - 8} bytes`, `${length}`);
  }
  const { entries, metadata } = parseHeader(decode(bytes.subarray(8, start), at), bytes.length - start, at);
  const read = entries.map(({ name, type, shape, begin, end }) => {
    const copy = new Uint8Array(bytes.subarray(start + begin, start + end)); // Buffer's own slice would share memory
    if (type.name === 'BOOL' && copy.some((byte) => byte > 1)) {
      throw refuse(at, `tensor ${JSON.stringify(name)} is not boolean`, 'a byte above 1', '0 or 1');
    }
    return [name, hostTensor(new type.array(copy.buffer), shape, type.dtype)] as const;
  });
  return { tensors: Object.fromEntries(read), metadata };
}

function typeOf({ dtype, data }: HostTensor): ElementType {
  return elementTypes.find((type) => type.dtype === dtype && data instanceof type.array)!;
}

const bytesOf = (data: HostData) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function checkName(name: string): void {
  if (name === '__metadata__' || /\p{Surrogate}/u.test(name)) {
    throw new ReparamError('config', 'a tensor cannot have this name in safetensors', {
      got: JSON.stringify(name),
      expected: 'well-formed text other than __metadata__',
    });
  }
}

function decode(header: Uint8Array, at: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
  } catch {
    throw refuse(at, 'the header is not UTF-8 text');
  }
}
