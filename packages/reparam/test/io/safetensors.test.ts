import { readFileSync } from 'node:fs';
import { type DType, type HostData, type HostTensor, hostTensor, ReparamError } from '@reparam/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../src/io/index.ts';

const kinds: readonly [DType, (n: number, seed: number) => HostData][] = [
  ['float32', (n, s) => Float32Array.from({ length: n }, (_, i) => Math.sin(s + i) * 10 ** ((i % 60) - 30))],
  ['float32', (n, s) => Float64Array.from({ length: n }, (_, i) => [Math.sin(s + i), NaN, -0, Infinity][i % 4]!)],
  ['int32', (n, s) => Int32Array.from({ length: n }, (_, i) => (s * 7919 + i * 104729) | 0)],
  ['int64', (n, s) => BigInt64Array.from({ length: n }, (_, i) => -(2n ** 63n) + BigInt(s + i))],
  ['uint8', (n, s) => Uint8Array.from({ length: n }, (_, i) => s + i)],
  ['bool', (n, s) => Uint8Array.from({ length: n }, (_, i) => (s + i) % 2)],
];

const tensor = fc
  .tuple(fc.constantFrom(...kinds), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), fc.nat(1000))
  .map(([[dtype, make], shape, seed]) =>
    hostTensor(
      make(
        shape.reduce((a, b) => a * b, 1),
        seed,
      ),
      shape,
      dtype,
    ),
  );
const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__metadata__');
const text = fc.string({ unit: 'grapheme' });

describe('safetensors', () => {
  it('returns what was written, with the data aligned to 8 bytes', () => {
    fc.assert(
      fc.property(fc.dictionary(name, tensor), fc.dictionary(text, text), (tensors, metadata) => {
        const bytes = writeSafetensors(tensors, metadata);
        expect((8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))) % 8).toBe(0);
        const read = readSafetensors(bytes);
        expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort());
        expect(Object.keys(read.tensors).sort()).toEqual(Object.keys(tensors).sort());
        for (const [key, value] of Object.entries(tensors)) {
          const back = Object.entries(read.tensors).find(([each]) => each === key)![1];
          expect(back.data.constructor).toBe(value.data.constructor);
          expect(back).toEqual(value);
        }
      }),
    );
  });

  it('writes a view of a larger buffer, reads from an unaligned one, and owns what it read', () => {
    const view = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
    const bytes = writeSafetensors({ x: hostTensor(view, [2]) });
    const unaligned = new Uint8Array(bytes.length + 3).subarray(3);
    unaligned.set(bytes);
    const { x } = readSafetensors(unaligned).tensors;
    unaligned.fill(0);
    expect(x).toEqual(hostTensor(Float32Array.of(1, 2), [2]));
  });

  it('reads a file of the Python package (fixtures/makeSafetensors.py)', () => {
    const bytes = readFileSync(new URL('./fixtures/python.safetensors', import.meta.url));
    expect(readSafetensors(bytes)).toEqual({
      metadata: { model: 'vae', note: 'β = 1' },
      tensors: {
        'encoder.0.weight': hostTensor(Float32Array.of(-0.5, -0.25, 0, 0.25, 0.5, 0.75), [2, 3]),
        moments: hostTensor(Float64Array.of(1 / 3, -(2 ** 60)), [2]),
        step: hostTensor(BigInt64Array.of(2n ** 53n + 1n), []),
        permutation: hostTensor(Int32Array.of(3, -1, 2, 0), [2, 2]),
        pixels: hostTensor(Uint8Array.of(0, 127, 255), [3]),
        mask: hostTensor(Uint8Array.of(1, 0, 1), [3], 'bool'),
        empty: hostTensor(new Float32Array(0), [0, 5]),
      },
    });
  });

  it.each(['__metadata__', 'half \ud800'])('refuses to write the name %j', (bad) => {
    const x: HostTensor = hostTensor(Float32Array.of(1), [1]);
    expect(() => writeSafetensors({ [bad]: x })).toThrow(expect.objectContaining({ code: 'config' }));
  });
});

const file = (header: string, data = 0, length = new TextEncoder().encode(header).length): Uint8Array => {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
};
const f32 = (shape: string, offsets: string) => `{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}`;

describe('a malformed safetensors file', () => {
  it('the table below differs from a good file only in its fault', () => {
    const good = file(`{"a":${f32('[2]', '[0,8]')},"b":${f32('[]', '[8,12]')}}  `, 12);
    expect(Object.keys(readSafetensors(good).tensors)).toEqual(['a', 'b']);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /too short.*got 0 bytes/],
    ['7 bytes', new Uint8Array(7), /too short.*got 7 bytes/],
    ['garbage', new Uint8Array(64).fill(0xa7), /header is too long/],
    ['gigantic header', file('{}', 0, 2 ** 40), /header is too long.*got 1099511627776 bytes/],
    ['truncated header', file('{"a":1}', 0, 100), /header is truncated/],
    ['header of 0 bytes', file('', 0), /not JSON/],
    ['not UTF-8', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe), /not UTF-8/],
    ['not JSON', file('{"a":'), /not JSON/],
    ['a list', file('[]'), /not a JSON object/],
    ['null', file('null'), /not a JSON object/],
    ['metadata not text', file('{"__metadata__":{"a":1}}'), /__metadata__/],
    ['metadata a list', file('{"__metadata__":["a"]}'), /__metadata__/],
    ['same key twice', file(`{"a":${f32('[1]', '[0,4]')},"a":${f32('[1]', '[4,8]')}}`, 8), /twice.*"a"/],
    ['same key escaped', file(`{"a":${f32('[1]', '[0,4]')},"\\u0061":${f32('[1]', '[4,8]')}}`, 8), /twice/],
    [
      'same field twice',
      file('{"a":{"dtype":"F32","dtype":"F32","shape":[0],"data_offsets":[0,0]}}'),
      /twice.*"dtype"/,
    ],
    ['same metadata key', file('{"__metadata__":{"a":"1","a":"2"}}'), /twice/],
    ['entry not an object', file('{"a":3}'), /no description/],
    ['unknown field', file('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"run":"x"}}'), /unknown field.*"run"/],
    ['unknown type', file('{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}', 2), /got "BF16", expected F64/],
    ['type missing', file('{"a":{"shape":[1],"data_offsets":[0,2]}}', 2), /got nothing/],
    ['negative size', file(`{"a":${f32('[-1]', '[0,4]')}}`, 4), /bad shape/],
    ['fractional size', file(`{"a":${f32('[0.5]', '[0,2]')}}`, 2), /bad shape/],
    ['shape not a list', file(`{"a":${f32('4', '[0,16]')}}`, 16), /bad shape/],
    ['offsets reversed', file(`{"a":${f32('[1]', '[4,0]')}}`, 4), /bad offsets/],
    ['one offset', file(`{"a":${f32('[1]', '[4]')}}`, 4), /bad offsets/],
    ['offset too large', file(`{"a":${f32('[1]', '[0,1e300]')}}`, 4), /bad offsets/],
    ['shape too small', file(`{"a":${f32('[1]', '[0,8]')}}`, 8), /got 8 bytes, expected 4/],
    ['shape overflows', file(`{"a":${f32('[4294967296,4294967296]', '[0,0]')}}`), /does not fill/],
    ['overlap', file(`{"a":${f32('[2]', '[0,8]')},"b":${f32('[2]', '[4,12]')}}`, 12), /"b" overlaps/],
    ['same bytes', file(`{"a":${f32('[2]', '[0,8]')},"b":${f32('[2]', '[0,8]')}}`, 8), /overlaps/],
    ['hole', file(`{"a":${f32('[1]', '[0,4]')},"b":${f32('[1]', '[8,12]')}}`, 12), /"b" leaves a hole/],
    ['starts late', file(`{"a":${f32('[1]', '[4,8]')}}`, 8), /hole/],
    ['truncated data', file(`{"a":${f32('[2]', '[0,8]')}}`, 7), /file is truncated.*got 7 bytes of data, expected 8/],
    ['bytes at the end', file(`{"a":${f32('[2]', '[0,8]')}}`, 9), /bytes follow the last tensor/],
    ['bool of 2', file('{"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}', 1).fill(2, -1), /not boolean/],
  ])('%s', (_, bytes, message) => {
    const read = () => readSafetensors(bytes, 'model.safetensors');
    expect(read).toThrow(message);
    expect(read).toThrow(expect.objectContaining({ code: 'data', at: 'model.safetensors' }));
  });

  it('every truncation and every changed header byte is refused or read without harm', () => {
    const whole = writeSafetensors({
      a: hostTensor(Float32Array.of(1, 2), [2]),
      __proto: hostTensor(Uint8Array.of(1), [1]),
    });
    for (let length = 0; length < whole.length; length++) {
      expect(() => readSafetensors(whole.subarray(0, length))).toThrow(ReparamError);
    }
    fc.assert(
      fc.property(fc.nat(whole.length - 10), fc.nat(255), (place, value) => {
        const bytes = whole.slice();
        bytes[place] = value;
        try {
          readSafetensors(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ReparamError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('a tensor called __proto__ stays an ordinary key', () => {
    const { tensors } = readSafetensors(file(`{"__proto__":${f32('[0]', '[0,0]')}}`));
    expect(Object.getPrototypeOf(tensors)).toBe(Object.prototype);
    expect(Object.keys(tensors)).toEqual(['__proto__']);
  });
});
