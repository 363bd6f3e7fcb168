import { ReparamError } from '@reparam/tensor';
import fc from 'fast-check';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { encodePng, imageGrid, manifoldGrid, pairsGrid, stripGrid } from '../../src/plot/index.ts';

const rows = ({ data, width }: { data: ArrayLike<number>; width: number }) =>
  Array.from({ length: data.length / width }, (_, y) => Array.from({ length: width }, (_, x) => data[y * width + x]!));

describe('imageGrid', () => {
  it('places, zooms and pads exactly', () => {
    const grid = imageGrid(Uint8Array.of(1, 2, 3), {
      height: 1,
      width: 1,
      columns: 2,
      scale: 2,
      padding: 1,
      background: 9,
    });
    expect(rows(grid)).toEqual([
      [9, 9, 9, 9, 9, 9, 9],
      [9, 1, 1, 9, 2, 2, 9],
      [9, 1, 1, 9, 2, 2, 9],
      [9, 9, 9, 9, 9, 9, 9],
      [9, 3, 3, 9, 9, 9, 9],
      [9, 3, 3, 9, 9, 9, 9],
      [9, 9, 9, 9, 9, 9, 9],
    ]);
  });

  it('every pixel comes from its place, in both layouts, for any sizes', () => {
    const size = fc.integer({ min: 1, max: 4 });
    const channels = fc.constantFrom(1 as const, 3 as const);
    fc.assert(
      fc.property(size, size, channels, size, size, size, fc.nat(3), (h, w, ch, count, columns, scale, padding) => {
        const bytes = Uint8Array.from({ length: count * h * w * ch }, (_, i) => (i * 37) % 251);
        const options = { height: h, width: w, channels: ch, columns, scale, padding };
        const chw = imageGrid(bytes, options);
        const hwcBytes = bytes.map((_, i) => {
          const [image, pixel, c] = [Math.floor(i / (h * w * ch)), Math.floor(i / ch) % (h * w), i % ch];
          return bytes[image * h * w * ch + c * h * w + pixel]!;
        });
        expect(imageGrid(hwcBytes, { ...options, layout: 'hwc' })).toEqual(chw);
        for (let i = 0; i < count * h * w * ch; i++) {
          const [image, c, y, x] = [
            Math.floor(i / (ch * h * w)),
            Math.floor(i / (h * w)) % ch,
            Math.floor(i / w) % h,
            i % w,
          ];
          for (const [dy, dx] of [
            [0, 0],
            [scale - 1, scale - 1],
          ] as const) {
            const py = padding + Math.floor(image / columns) * (h * scale + padding) + y * scale + dy;
            const px = padding + (image % columns) * (w * scale + padding) + x * scale + dx;
            expect(chw.data[(py * chw.width + px) * ch + c]).toBe(bytes[i]);
          }
        }
      }),
    );
  });

  it('rounds and clips floats', () => {
    const grid = imageGrid(Float32Array.of(-1, 0, 0.5, 1, 7, Infinity), {
      height: 1,
      width: 6,
      count: 1,
      scale: 1,
      padding: 0,
    });
    expect([...grid.data]).toEqual([0, 0, 128, 255, 255, 255]);
  });

  it.each([
    [8, 8],
    [28, 3],
    [64, 1],
    [100, 1],
  ])('%i pixels are zoomed %i times', (side, scale) => {
    expect(imageGrid(new Uint8Array(side * side), { height: side, width: side, padding: 0 }).width).toBe(side * scale);
  });

  it.each<[string, () => unknown, string]>([
    ['too few values', () => imageGrid(new Uint8Array(3), { height: 2, width: 2, count: 1 }), 'shape'],
    ['a part of an image', () => imageGrid(new Uint8Array(3), { height: 2, width: 2 }), 'shape'],
    ['no image', () => imageGrid(new Uint8Array(0), { height: 2, width: 2 }), 'shape'],
    ['half a zoom', () => imageGrid(new Uint8Array(4), { height: 2, width: 2, scale: 0.5 }), 'shape'],
    ['NaN', () => imageGrid(Float32Array.of(NaN), { height: 1, width: 1 }), 'data'],
    ['a gigantic zoom', () => imageGrid(new Uint8Array(4), { height: 2, width: 2, scale: 1e6 }), 'config'],
  ])('refuses %s', (_, draw, code) => {
    expect(draw).toThrow(ReparamError);
    expect(draw).toThrow(expect.objectContaining({ code }));
  });
});

describe('arrangements', () => {
  const options = { height: 1, width: 1, scale: 1, padding: 1, background: 0 };

  it('pairs: originals above reconstructions, a gap between pairs of rows', () => {
    const grid = pairsGrid(Uint8Array.of(10, 20, 30), Float32Array.of(0.2, 0.4, 0.6), { ...options, columns: 2 });
    const drawn = rows(grid).map((row) => row.filter((_, x) => x % 2 === 1));
    expect(drawn).toEqual([
      [0, 0],
      [10, 20],
      [0, 0],
      [51, 102],
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
      [30, 0],
      [0, 0],
      [153, 0],
      [0, 0],
    ]);
  });

  it('strips: one row each with a gap', () => {
    const grid = stripGrid(Uint8Array.of(1, 2, 3, 4), { ...options, columns: 2 });
    expect(rows(grid).map((row) => row[1])).toEqual([0, 1, 0, 0, 0, 0, 3, 0]);
  });

  it('manifold: no gaps', () => {
    expect(rows(manifoldGrid(Uint8Array.of(1, 2, 3, 4), options))).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
});

it.each([1, 3] as const)('a PNG with %i channels decodes to the same pixels', (channels) => {
  const bytes = Uint8Array.from({ length: 4 * 5 * 7 * channels }, (_, i) => (i * 89) % 256);
  const grid = imageGrid(bytes, { height: 5, width: 7, channels, scale: 3 });
  const { width, height, channels: read, depth, data } = decode(encodePng(grid));
  expect({ width, height, channels: read, data }).toEqual(grid);
  expect(depth).toBe(8);
});
