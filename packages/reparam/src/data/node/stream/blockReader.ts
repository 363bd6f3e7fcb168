import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ReparamError, sizeOf } from '@reparam/tensor';
import { fileError } from '../files.ts';
import type { RowFile } from './rowFile.ts';

type Values = Uint8Array | Float32Array;

/** Bytes of a block as it lies in memory, unless one example is larger. */
export const blockBytes = 2 ** 20;

/** Rows of several files of one shape as one sequence, cut into blocks of neighbours; the blocks used last stay in memory. */
export class BlockReader {
  /** First row of each block, then the number of rows. */
  readonly blocks: Int32Array;
  readonly bufferBlocks: number;
  readonly #files: readonly RowFile[];
  readonly #width: number;
  /** File and first record of each block. */
  readonly #places: readonly { readonly file: RowFile; readonly record: number }[];
  readonly #blockRows: number;
  /** Least recently used first. */
  readonly #held = new Map<number, Values>();

  constructor(files: readonly RowFile[], bufferBytes: number) {
    this.#files = files;
    this.#width = sizeOf(files[0]!.shape);
    const rowBytes = this.#width * (this.#isBytes ? 1 : 4);
    this.#blockRows = Math.max(1, Math.floor(blockBytes / rowBytes));
    this.bufferBlocks = Math.max(1, Math.floor(bufferBytes / (this.#blockRows * rowBytes)));
    const starts: number[] = [];
    const places: { file: RowFile; record: number }[] = [];
    let row = 0;
    for (const file of files) {
      for (let record = 0; record < file.count; record += this.#blockRows) {
        starts.push(row + record);
        places.push({ file, record });
      }
      row += file.count;
    }
    this.blocks = Int32Array.from([...starts, row]);
    this.#places = places;
  }

  get #isBytes(): boolean {
    return this.#files[0]!.dtype === 'uint8';
  }

  /** Copies `rows` to `out`, one after the other. Throws `file` where a file cannot be read, or was changed. */
  readRows(rows: Int32Array, out: Values): void {
    const width = this.#width;
    let block = -1;
    let values: Values | undefined;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (values === undefined || row < this.blocks[block]! || row >= this.blocks[block + 1]!) {
        block = this.#blockOf(row);
        values = this.#hold(block);
      }
      const from = (row - this.blocks[block]!) * width;
      out.set(values.subarray(from, from + width), i * width);
    }
  }

  /** The values of block `block`; `out` has room for the rows of the largest. */
  readBlock(block: number, out?: Values): Values {
    const { file, record } = this.#places[block]!;
    const count = this.blocks[block + 1]! - this.blocks[block]!;
    const whole = out ?? this.#room();
    const values = whole.subarray(0, count * this.#width);
    const records = file.isVerbatim
      ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      : new Uint8Array(count * file.stride);
    readAt(file, records, file.start + record * file.stride);
    if (!file.isVerbatim) file.decode(records, values);
    return values;
  }

  #room(): Values {
    const length = this.#blockRows * this.#width;
    return this.#isBytes ? new Uint8Array(length) : new Float32Array(length);
  }

  #blockOf(row: number): number {
    let low = 0;
    let high = this.blocks.length - 2;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.blocks[middle]! <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #hold(block: number): Values {
    const found = this.#held.get(block);
    if (found) {
      this.#held.delete(block);
      this.#held.set(block, found);
      return found;
    }
    // A batch on the border of two buffers needs one block more than a buffer holds.
    let free: Values | undefined;
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= this.bufferBlocks) break;
      free = this.#held.get(oldest);
      this.#held.delete(oldest);
    }
    const values = this.readBlock(block, free && this.#whole(free));
    this.#held.set(block, values);
    return values;
  }

  /** The memory of an evicted block, used again: typed arrays are given back late. */
  #whole(values: Values): Values {
    const length = this.#blockRows * this.#width;
    return values instanceof Uint8Array
      ? new Uint8Array(values.buffer as ArrayBuffer, 0, length)
      : new Float32Array(values.buffer as ArrayBuffer, 0, length);
  }
}

function readAt(file: RowFile, out: Uint8Array, position: number): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file.path, 'r');
    const { size, mtimeMs } = fstatSync(descriptor);
    if (size !== file.bytes || mtimeMs !== file.modified) {
      throw new ReparamError('file', 'file was changed while it was in use', {
        got: `${size} bytes, was ${file.bytes}`,
        fix: 'Leave the data alone until the command has ended, and start again',
        at: file.path,
      });
    }
    for (let done = 0; done < out.length; ) {
      const read = readSync(descriptor, out, done, out.length - done, position + done);
      if (read === 0) throw new Error('the file ends too soon');
      done += read;
    }
  } catch (cause) {
    throw cause instanceof ReparamError ? cause : fileError('cannot read file', file.path, cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
