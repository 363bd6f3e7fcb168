import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { hostTensor, ReparamError } from '@reparam/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digits } from '../../src/data/digits.ts';
import { crc32 } from '../../src/data/formats/gzip.ts';
import {
  type CsvOptions,
  gunzip,
  parseCsv,
  parseDataset,
  parseIdx,
  parseNpy,
  parseNpz,
  writeCsv,
  writeNpy,
} from '../../src/data/formats/index.ts';
import { expectError, idxBytes, utf8 } from './helpers.ts';

const numpy = JSON.parse(readFileSync(new URL('./fixtures/numpyFiles.json', import.meta.url), 'utf8'));
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
const npyWith = (header: string, body = 0): Uint8Array =>
  Uint8Array.from([
    0x93,
    ...utf8('NUMPY'),
    1,
    0,
    header.length & 255,
    header.length >> 8,
    ...utf8(header),
    ...new Uint8Array(body),
  ]);

describe('IDX', () => {
  it.each([
    [0x08, [0xff, 0x01], [255, 1]],
    [0x09, [0xff, 0x01], [-1, 1]],
    [0x0b, [0x01, 0x02, 0xff, 0xfe], [258, -2]],
    [0x0c, [0x00, 0x01, 0x00, 0x02, 0xff, 0xff, 0xff, 0xfe], [65538, -2]],
    [0x0d, [0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0], [1.5, -2]],
    [0x0e, [0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a, 0xc0, 0, 0, 0, 0, 0, 0, 0], [0.1, -2]],
  ])('reads type %i', (type, body, values) => {
    for (const shape of [[2], [2, 1], [1, 2, 1]]) {
      const array = parseIdx(idxBytes(type, shape, Uint8Array.from(body)));
      expect([array.shape, [...array.data]]).toEqual([shape, values]);
    }
  });

  const good = idxBytes(8, [2, 2, 2], new Uint8Array(8));
  it.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(), /empty.*0 bytes/],
    ['wrong magic', utf8('\x89PNG....'), /not an IDX file.*89 50 4e 47|not an IDX file/],
    ['unknown type', idxBytes(10, [2], new Uint8Array(2)), /not an IDX file.*00 00 0a 01/],
    ['short magic', Uint8Array.of(0, 0), /not an IDX file/],
    ['truncated header', good.subarray(0, 11), /truncated.*got 11 bytes, expected a header of 16/],
    ['truncated body', good.subarray(0, 20), /truncated.*got 4 bytes.*expected 8/],
    ['trailing bytes', Uint8Array.from([...good, 0]), /longer than its header says.*got 9/],
    [
      'gigantic header',
      idxBytes(14, [4294967295, 4294967295, 4294967295], new Uint8Array(8)),
      /truncated.*got 8 bytes/,
    ],
    ['no examples', idxBytes(8, [0, 28, 28], new Uint8Array()), /no examples.*0, 28, 28/],
  ])('refuses a file that is %s', (_, bytes, message) => {
    expectError(() => parseIdx(bytes, 'some.idx'), 'data', message);
    expectError(() => parseIdx(bytes, 'some.idx'), 'data', /some\.idx/);
  });
});

describe('npy', () => {
  it.each<{ dtype: string; fortran: boolean; values: number[][]; npy: string }>(
    numpy.arrays,
  )('reads $dtype, Fortran order $fortran, as NumPy writes it', ({ values, npy }) => {
    const { shape, data } = parseNpy(bytesOf(npy));
    expect(shape).toEqual([2, 3]);
    expect([...data].map(Number)).toEqual(
      values.flat().map((v) => (data instanceof Float32Array ? Math.fround(+v) : +v)),
    );
  });

  it('reads Node buffers, wherever they begin in their memory', () => {
    const inside = Buffer.concat([Buffer.from('abc'), bytesOf(numpy.versions[0])]).subarray(3);
    const { data } = parseNpy(inside);
    expect(data).toEqual(Int32Array.from({ length: 24 }, (_, i) => i));
    expect(inside.toString('latin1', 1, 6)).toBe('NUMPY');
    const { data: bytes } = parseIdx(Buffer.from(idxBytes(8, [2], Uint8Array.of(3, 4))));
    expect(bytes.constructor).toBe(Uint8Array);
  });

  it.each([...numpy.versions, numpy.fortranCube])('reads three axes, versions 1 to 3 and Fortran order', (file) => {
    const { shape, data } = parseNpy(bytesOf(file));
    expect(shape).toEqual([2, 3, 4]);
    expect([...data]).toEqual(Array.from({ length: 24 }, (_, i) => i));
  });

  it.each([
    ['{"shape":(2,),"descr":"|u1","fortran_order":False}', [2]],
    ["{'descr': '|u1', 'fortran_order': True, 'shape': (1L, 2L)}   \n", [1, 2]],
  ])('reads the header %j', (header, shape) => expect(parseNpy(npyWith(header, 2)).shape).toEqual(shape));

  const good = bytesOf(numpy.versions[0]);
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  it.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(), /empty/],
    ['wrong magic', utf8('PK\x03\x04 and more'), /not an npy file.*50 4b 03 04/],
    ['version 9', Uint8Array.from([...good.subarray(0, 6), 9, 0, ...good.subarray(8)]), /version.*got 9/],
    ['cut in the header', good.subarray(0, 40), /header is truncated.*got 40/],
    ['cut in the magic', good.subarray(0, 7), /header is truncated/],
    ['truncated', good.subarray(0, good.length - 1), /truncated.*got 95 bytes.*expected 96/],
    ['longer', Uint8Array.from([...good, 1]), /longer/],
    ['gigantic shape', npyWith(header.replace('(2, 3)', '(999999999999, 999999999999)'), 8), /truncated.*got 8 bytes/],
    [
      'gigantic header',
      Uint8Array.from([0x93, ...utf8('NUMPY'), 2, 0, 255, 255, 255, 255, 1, 2]),
      /too long|truncated/,
    ],
    ['empty array', npyWith(header.replace('(2, 3)', '(0, 3)')), /no examples/],
    ['structured', bytesOf(numpy.structured), /not understood.*structured/],
    ['complex', bytesOf(numpy.complex), /not supported.*<c8/],
    ['text', bytesOf(numpy.text), /not supported.*<U2/],
    ['pickled objects', bytesOf(numpy.object), /not supported.*\|O/],
    ['code in the header', npyWith("__import__('os')"), /header is not understood/],
    ['missing key', npyWith("{'descr': '<f4', 'shape': (2,)}", 8), /keys descr, fortran_order and shape/],
    ['double key', npyWith("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 8), /each once/],
    ['text after the header', npyWith(`${header} or 1`, 24), /end of the header/],
    ['negative axis', npyWith(header.replace('(2, 3)', '(-2, 3)'), 24), /axis length/],
    ['many axes', npyWith(header.replace('(2, 3)', `(${'1,'.repeat(33)})`), 4), /at most 32 axes/],
  ])('refuses a file that is %s', (_, bytes, message) =>
    expectError(() => parseNpy(bytes, 'some.npy'), 'data', message));

  it('writes what it reads, with the header at a multiple of 64', () => {
    const tensors = [
      hostTensor(Float32Array.of(1.5, -2, Number.NaN, 3e-40), [2, 2]),
      hostTensor(Float64Array.of(0.1, 2), [2]),
      hostTensor(Int32Array.of(-1, 2), [1, 2, 1]),
      hostTensor(BigInt64Array.of(-1n, 2n ** 40n), [2]),
      hostTensor(Uint8Array.of(1, 255), [2]),
      hostTensor(Uint8Array.of(1, 0), [2], 'bool'),
      hostTensor(Float32Array.of(7), []),
    ];
    for (const tensor of tensors) {
      const bytes = writeNpy(tensor);
      expect((bytes.length - tensor.data.byteLength) % 64).toBe(0);
      expect(parseNpy(bytes)).toMatchObject({ shape: tensor.shape, data: tensor.data });
    }
  });

  it('writes the bytes NumPy writes', () => {
    const cube = hostTensor(
      Int32Array.from({ length: 24 }, (_, i) => i),
      [2, 3, 4],
    );
    const theirs = parseNpy(good);
    expect(writeNpy(cube).subarray(-96)).toEqual(good.subarray(-96));
    expect(parseNpy(writeNpy(cube))).toEqual(theirs);
    expect(Buffer.from(writeNpy(cube)).toString('latin1')).toContain(
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3, 4), }",
    );
  });
});

describe('npz', () => {
  it.each(['stored', 'packed'])('reads examples and labels from a %s file', (kind) => {
    const { train, test } = parseDataset(bytesOf(numpy[kind]), 'a.npz');
    expect(test).toBeUndefined();
    expect(train).toMatchObject({ size: 2, shape: [3], dtype: 'uint8', scale: 1 / 255 });
    expect([...train.data]).toEqual([0, 1, 255, 7, 128, 3]);
    expect([...train.labels!]).toEqual([1, 0]);
  });

  it('reads an unnamed array, and a file with its own test split', () => {
    expect(parseDataset(bytesOf(numpy.unnamed), 'a.npz').train).toMatchObject({ size: 2, labels: undefined });
    const { train, test } = parseDataset(bytesOf(numpy.keras), 'a.npz');
    expect([train.size, train.split, test?.size, test?.split]).toEqual([2, 'train', 1, 'test']);
  });

  const stored = bytesOf(numpy.stored);
  it.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(), /empty/],
    ['wrong magic', utf8('not a zip at all, whatever it says'), /not an npz file/],
    ['truncated', stored.subarray(0, 200), /not an npz file, or truncated/],
  ])('refuses a file that is %s', (_, bytes, message) => expectError(() => parseNpz(bytes, 'a.npz'), 'data', message));

  it('refuses entries above the limit before unpacking them', () => {
    expectError(() => parseNpz(stored, 'a.npz', 200), 'data', /too large.*at most 200/);
  });

  it('refuses an entry that promises more than its bytes can hold', () => {
    const lying = bytesOf(numpy.packed);
    const directory = Buffer.from(lying).indexOf(Uint8Array.of(0x50, 0x4b, 1, 2));
    new DataView(lying.buffer).setUint32(directory + 24, 0x7ffffff0, true);
    expectError(() => parseNpz(lying, 'a.npz'), 'data', /too large.*images\.npy|images\.npy.*too large/);
  });

  it('names the arrays of a file without examples', () => {
    expectError(() => parseDataset(bytesOf(numpy.foreign), 'a.npz'), 'data', /got weights, bias, expected one named x/);
  });
});

describe('gzip', () => {
  const packed = new Uint8Array(gzipSync(new Uint8Array(5000).map((_, i) => i)));
  it('unpacks', () => expect(gunzip(packed)).toEqual(new Uint8Array(5000).map((_, i) => i)));
  it('computes the CRC-32 check value', () => expect(crc32(utf8('123456789'))).toBe(0xcbf43926));

  const withSize = (size: number) => {
    const bytes = packed.slice();
    new DataView(bytes.buffer).setUint32(bytes.length - 4, size, true);
    return bytes;
  };
  const flipped = packed.slice();
  flipped[packed.length - 8]! ^= 1;
  it.each<[string, Uint8Array, RegExp]>([
    ['truncated', packed.subarray(0, packed.length - 30), /truncated or damaged/],
    ['without a header', utf8('hello, this is plain text'), /without a gzip header/],
    ['too short', Uint8Array.of(0x1f, 0x8b), /2 bytes/],
    ['promising 2 GB', withSize(2_000_000_000), /promising 2000000000/],
    ['promising 4 GB', withSize(4_294_967_295), /promising 4294967295/],
    ['promising less', withSize(4999), /where 4999 were promised/],
    ['promising more', withSize(5001), /got 5000 bytes.*where 5001/],
    ['of another CRC', flipped, /another CRC-32/],
  ])('refuses data %s', (_, bytes, message) => expectError(() => gunzip(bytes, 'a.gz'), 'data', message));
  it('keeps to a limit', () => expectError(() => gunzip(packed, 'a.gz', 4999), 'data', /too large.*at most 4999/));
});

describe('CSV', () => {
  const read = (text: string, options?: CsvOptions) => {
    const { data, ...rest } = parseCsv(utf8(text), options);
    return { ...rest, data: [...data], labels: rest.labels && [...rest.labels] };
  };
  it.each<[string, string, CsvOptions, object]>([
    ['plain', '1,2\n3,4.5\n', {}, { rows: 2, columns: 2, data: [1, 2, 3, 4.5] }],
    ['no last newline, CRLF, blank lines', '1,2\r\n\r\n3,-4e2', {}, { rows: 2, data: [1, 2, 3, -400] }],
    ['byte-order mark', '\ufeff1,2\n', {}, { rows: 1, data: [1, 2] }],
    ['tabs found', 'a\tb\n1\t2\n', {}, { names: ['a', 'b'], data: [1, 2] }],
    ['semicolons found', '1;2\n3;4\n', {}, { rows: 2, columns: 2 }],
    ['header', 'a,b\n1,2\n', {}, { names: ['a', 'b'], rows: 1, labels: undefined }],
    ['header of numbers and label', '0,1,label\n5,6,7\n', {}, { names: ['0', '1'], data: [5, 6], labels: [7] }],
    ['header forced', '0,1\n5,6\n', { header: true }, { names: ['0', '1'], rows: 1 }],
    ['quotes', '"a ""x"", y",label\n"1.5",2\n', {}, { names: ['a "x", y'], data: [1.5], labels: [2] }],
    ['line feed in quotes', '"a\nb",c\n1,2\n', {}, { names: ['a\nb', 'c'], data: [1, 2] }],
    ['missing label', 'y,a\n,2\n1,3\n', {}, { labels: [-1, 1], data: [2, 3] }],
    ['words as labels', 'a,class\n1,cat\n2,ant\n3,\n', {}, { labels: [1, 0, -1], classNames: ['ant', 'cat'] }],
    ['label by name', 'a,kind\n1,2\n', { labelColumn: 'kind' }, { data: [1], labels: [2] }],
    ['label by number, no header', '5.1,setosa\n4.9,other\n', { labelColumn: 1 }, { rows: 2, labels: [1, 0] }],
    ['label kept as a column', 'a,y\n1,2\n', { labelColumn: false }, { columns: 2, labels: undefined }],
  ])('reads: %s', (_, text, options, expected) => expect(read(text, options)).toMatchObject(expected));

  it.each<[string, string, CsvOptions, string, RegExp]>([
    ['empty file', '', {}, 'data', /empty/],
    ['blank lines only', '\n\n', {}, 'data', /table is empty/],
    ['header only', 'a,b\n', {}, 'data', /table is empty/],
    ['word', '1,2\n3,x\n', {}, 'data', /line 2, column 2.*got "x"/],
    ['NaN', 'a,b\n1,2\nnan,4\n', {}, 'data', /line 3, column 1.*got "nan"/],
    ['NaN in the first line', 'nan,2\n3,4\n', {}, 'data', /line 1, column 1/],
    ['infinity', '1,2\n3,Infinity\n', {}, 'data', /line 2, column 2/],
    ['more than float32 holds', '1,2\n3,1e39\n', {}, 'data', /line 2, column 2.*1e39/],
    ['empty field', '1,2\n3,\n', {}, 'data', /line 2, column 2.*got ""/],
    ['short line', '1,2\n\n3\n', {}, 'data', /line 3.*got 1, expected 2/],
    ['long line', '1,2\n3,4,5\n', {}, 'data', /line 2.*got 3, expected 2/],
    ['open quote', '1,"2\n3,4\n', {}, 'data', /line 1, column 2.*quote/],
    ['stray quote', '1,"2"x\n', {}, 'data', /line 1, column 2.*quote/],
    ['fractional label', 'a,y\n1,0.5\n', {}, 'data', /label of row 0.*got 0.5/],
    ['negative label', 'a,y\n1,-2\n', {}, 'data', /label of row 0.*got -2/],
    ['unknown label column', 'a,b\n1,2\n', { labelColumn: 'kind' }, 'config', /no such label column.*"kind".*a, b/],
    ['label column out of range', '1,2\n', { labelColumn: 2 }, 'config', /0 to 1/],
    ['no columns but the label', 'y\n1\n', {}, 'data', /table is empty.*1 rows of 0/],
  ])('refuses: %s', (_, text, options, code, message) => expectError(() => read(text, options), code, message));

  it('reads back every float32 it writes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 40 }),
        (list) => {
          const data = Float32Array.from(list, (v) => v + 0);
          expect(parseCsv(utf8(writeCsv(data, 1, ['a, "b"']))).data).toEqual(data);
        },
      ),
    );
  });
});

describe('parseDataset', () => {
  it('refuses to regroup examples into another size, even where the numbers would fit', () => {
    const bytes = writeNpy(hostTensor(new Float32Array(784 * 100), [784, 10, 10]));
    expectError(() => parseDataset(bytes, 'wide.npy', { shape: [28, 28] }), 'data', /another size.*10, 10.*28, 28/);
  });

  it.each([
    ['t.csv', utf8('1,2\n3,4\n'), {}, { shape: [2], dtype: 'float32', scale: 1, range: { min: 1, max: 4 } }],
    ['t.CSV.gz', gzipSync('1,2\n3,4\n'), {}, { shape: [2] }],
    ['t.tsv', utf8('1\t2\n'), {}, { shape: [2] }],
    ['pixels.csv', utf8('label,a,b\n3,0,255\n'), { shape: [1, 2] }, { shape: [1, 2], dtype: 'uint8', scale: 1 / 255 }],
    ['grey.csv', utf8('0,0.5\n'), { shape: [1, 2] }, { dtype: 'float32', scale: 1 }],
    ['a.idx', idxBytes(8, [1, 2, 2], Uint8Array.of(0, 1, 1, 0)), {}, { shape: [2, 2], scale: 1 }],
    ['a-idx3-ubyte', idxBytes(8, [1, 2, 2], Uint8Array.of(0, 1, 2, 0)), {}, { shape: [2, 2], scale: 1 / 255 }],
    ['a-idx3-ubyte.gz', gzipSync(idxBytes(8, [1, 2, 2, 1], Uint8Array.of(0, 1, 9, 0))), {}, { shape: [2, 2] }],
    [
      'a.idx',
      idxBytes(8, [1, 4], Uint8Array.of(0, 16, 9, 0)),
      { shape: [2, 2], scale: 1 / 16 },
      { shape: [2, 2], scale: 1 / 16 },
    ],
    ['a.npy', writeNpy(hostTensor(Float64Array.of(1, 2, 3), [3])), {}, { size: 3, shape: [1], dtype: 'float32' }],
  ])('reads %s', (name, bytes, options, expected) =>
    expect(parseDataset(new Uint8Array(bytes), name, options).train).toMatchObject(expected));

  const labelled = (labels: Uint8Array, fileName = 'l.idx') => ({ labels: { bytes: labels, fileName } });
  const images = idxBytes(8, [2, 1, 2], Uint8Array.of(0, 1, 2, 3));
  it('takes labels from a second file', () => {
    for (const options of [
      labelled(idxBytes(8, [2], Uint8Array.of(4, 5))),
      labelled(utf8('y\n4\n5\n'), 'l.csv'),
      labelled(writeNpy(hostTensor(Int32Array.of(4, 5), [2, 1])), 'l.npy'),
    ]) {
      expect([...parseDataset(images, 'a.idx', options).train.labels!]).toEqual([4, 5]);
    }
    const words = parseDataset(images, 'a.idx', labelled(utf8('\ncat\n'), 'l.csv')).train;
    expect([[...words.labels!], words.classNames]).toEqual([[-1, 0], ['cat']]);
  });

  it('takes several labels of yes or no a row, and rows without', () => {
    for (const options of [
      labelled(writeNpy(hostTensor(Float32Array.of(1, 1, 0, -1, -1, -1), [2, 3])), 'l.npy'),
      labelled(utf8('red,round,old\n1,1,0\n,,\n'), 'l.csv'),
    ]) {
      const { labels, targets } = parseDataset(images, 'a.idx', options).train;
      expect([labels, targets]).toEqual([
        undefined,
        { data: Uint8Array.of(1, 1, 0, 255, 255, 255), size: 3, scale: 1 },
      ]);
    }
  });

  it.each<[string, () => unknown, string, RegExp]>([
    ['unknown ending', () => parseDataset(images, 'a.jpg'), 'config', /format is not known.*a\.jpg/],
    [
      'fewer labels',
      () => parseDataset(images, 'a.idx', labelled(idxBytes(8, [1], Uint8Array.of(4)))),
      'data',
      /got 1 labels, expected 2/,
    ],
    [
      'more labels',
      () => parseDataset(images, 'a.idx', labelled(idxBytes(8, [3], new Uint8Array(3)))),
      'data',
      /got 3 labels/,
    ],
    [
      'one-hot labels',
      () => parseDataset(images, 'a.idx', labelled(idxBytes(8, [2, 3], Uint8Array.of(0, 1, 0, 1, 0, 0)))),
      'data',
      /one-hot rows.*2 × 3/,
    ],
    [
      'labels of yes, no and 2',
      () => parseDataset(images, 'a.idx', labelled(idxBytes(8, [2, 3], Uint8Array.of(0, 1, 0, 1, 2, 0)))),
      'data',
      /label 1 of row 1 is not yes or no.*got 2/,
    ],
    [
      'some of a row’s labels',
      () => parseDataset(images, 'a.idx', labelled(utf8('1,0\n1,\n'), 'l.csv')),
      'data',
      /row 1 has some of its labels only.*1 of 2 missing/,
    ],
    [
      'fractional labels',
      () => parseDataset(images, 'a.idx', labelled(utf8('0\n0.5\n'), 'l.csv')),
      'data',
      /row 1.*0.5/,
    ],
    [
      'NaN',
      () => parseDataset(writeNpy(hostTensor(Float32Array.of(1, 2, 3, Number.NaN), [2, 2])), 'a.npy'),
      'data',
      /row 1, column 1.*got NaN/,
    ],
    [
      'infinity',
      () => parseDataset(writeNpy(hostTensor(Float64Array.of(1, 1e39), [1, 2])), 'a.npy'),
      'data',
      /row 0, column 1.*got Infinity/,
    ],
    ['scalar', () => parseDataset(bytesOf(numpy.scalar), 'a.npy'), 'data', /a scalar/],
    [
      'shape of a table',
      () => parseDataset(utf8('1,2\n'), 'a.csv', { shape: [3, 3] }),
      'config',
      /got \[3, 3\].*product of 2/,
    ],
    ['scale', () => parseDataset(images, 'a.idx', { scale: 0 }), 'config', /bad scale/],
  ])('refuses: %s', (_, action, code, message) => expectError(action, code, message));

  it('meets damaged files with our errors only, whatever byte is hit or wherever they are cut', () => {
    const files: [string, Uint8Array][] = [
      ['a.npz', bytesOf(numpy.packed)],
      ['b.npz', bytesOf(numpy.stored)],
      ['a.npy', bytesOf(numpy.arrays[40].npy)],
      ['a.idx', idxBytes(13, [2, 3], new Uint8Array(24))],
      ['a.csv.gz', new Uint8Array(gzipSync('a,"b",label\n1,2,3\n4,5,6\n'))],
      ['a.csv', utf8('a,"b",label\n1,2,3\n4,"5",6\n')],
    ];
    const damage = fc.record({
      file: fc.constantFrom(...files),
      hits: fc.array(fc.tuple(fc.nat(10_000), fc.nat(255)), { maxLength: 4 }),
      cut: fc.option(fc.nat(10_000)),
    });
    let refused = 0;
    fc.assert(
      fc.property(damage, ({ file: [name, whole], hits, cut }) => {
        const bytes = whole.slice(0, cut === null ? undefined : cut % whole.length);
        for (const [at, value] of hits) if (bytes.length > 0) bytes[at % bytes.length] = value;
        try {
          expect(parseDataset(bytes, name).train.size).toBeGreaterThan(0);
        } catch (error) {
          if (!(error instanceof ReparamError)) throw error;
          refused++;
        }
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(500);
  });
});

describe('digits', () => {
  it('holds 1500 + 297 images of known first row, sum and classes', () => {
    const [train, test, all] = [digits(), digits('test'), digits('all')];
    expect([train.size, test.size, all.size]).toEqual([1500, 297, 1797]);
    expect([...train.data.subarray(0, 16)]).toEqual([0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]);
    expect([...train.labels!.subarray(0, 10)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(all).toMatchObject({ shape: [8, 8], scale: 1 / 16, range: { min: 0, max: 16 } });
    expect((all.data as Uint8Array).reduce((sum, value) => sum + value, 0)).toBe(561718);
    expect(Array.from({ length: 10 }, (_, k) => all.labels!.filter((y) => y === k).length)).toEqual([
      178, 182, 177, 183, 181, 182, 181, 179, 174, 180,
    ]);
    expect([...test.data]).toEqual([...all.data.subarray(1500 * 64)]);
  });
});
