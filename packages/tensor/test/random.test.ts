import { readdirSync, readFileSync } from 'node:fs';
import {
  deriveKey,
  fillNoise,
  foldIn,
  key,
  type NoiseSpec,
  normalArray,
  normalFromWord,
  normalQuantile,
  ReparamError,
  threefry2x32,
  threefryFill,
  uniformArray,
  uniformFromWord,
} from '@reparam/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fillNormals } from '../src/random/fillNormals.ts';
import { portableLog } from '../src/random/normal.ts';

describe('threefry', () => {
  // Random123 kat_vectors: threefry 2 32 20
  test.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ])('known answer for key %j, counter %j', ([k0, k1], [c0, c1], answer) => {
    const out = new Uint32Array(3);
    threefry2x32(k0!, k1!, c0!, c1!, out, 1);
    expect([...out]).toEqual([0, ...answer]);
  });

  test('the bulk form is one block after another, across the wrap of the counter', () => {
    const bulk = new Int32Array(8);
    threefryFill(7, 8, 9, 0xfffffffe, bulk, 0, 4);
    const single = new Int32Array(8);
    [0xfffffffe, 0xffffffff, 0, 1].forEach((c1, i) => {
      threefry2x32(7, 8, 9, c1, single, 2 * i);
    });
    expect(bulk).toEqual(single);
  });
});

describe('keys', () => {
  test('a seed keeps all 64 bits', () => {
    expect(key(0xdeadbeef12345678n)).toEqual({ k0: 0x12345678, k1: 0xdeadbeef });
    expect(key(2 ** 40 + 3)).toEqual({ k0: 3, k1: 256 });
    expect(key(5)).toEqual(key(5n));
  });

  // FNV-1a-64 test vectors of its authors: '' cbf29ce484222325, 'a' af63dc4c8601ec8c, 'foobar' 85944171f73967e8
  test.each([
    ['', 0x84222325, 0xcbf29ce4],
    ['a', 0x8601ec8c, 0xaf63dc4c],
    ['foobar', 0xf73967e8, 0x85944171],
  ])('name %j is hashed by FNV-1a', (name, low, high) => {
    const out = new Uint32Array(2);
    threefry2x32(1, 2, low, high, out);
    expect(foldIn({ k0: 1, k1: 2 }, name)).toEqual({ k0: out[0], k1: out[1] });
  });

  test('ten thousand children of every kind are distinct', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 10; seed++) {
      for (const site of ['z', 'x', 'encoder.0.weight', 'encoder.1.weight', 'é', 'z0', 'z1', '0', '1', '']) {
        for (let draw = 0; draw < 100; draw++) seen.add(JSON.stringify(deriveKey(seed, site, draw)));
      }
    }
    expect(seen.size).toBe(10_000);
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53, -1n, 1n << 64n])('seed %s is refused', (seed) => {
    expect(() => key(seed)).toThrow(ReparamError);
  });

  test.each([-1, 0.5, 2 ** 32])('number %s is refused', (n) => {
    expect(() => foldIn(key(0), n)).toThrow(/0 to 2\^32 - 1/);
  });
});

describe('normal', () => {
  // mpmath, 40 digits, at the float64 argument
  test.each([
    [1e-300, -37.0470962993612],
    [1e-100, -21.273453560965326],
    [1e-20, -9.262340089798407],
    [1.1641532182693481e-10, -6.3379577545537895],
    [1e-9, -5.9978070150076865],
    [0.0001, -3.7190164854556804],
    [0.001, -3.0902323061678136],
    [0.025, -1.9599639845400543],
    [0.074, -1.4466320671589785],
    [0.076, -1.4325027208258116],
    [0.1, -1.2815515655446004],
    [0.25, -0.6744897501960817],
    [0.4, -0.2533471031357997],
    [0.49, -0.025068908258711057],
    [0.5000000001164153, 2.918099372916623e-10],
    [0.9, 1.2815515655446006],
    [0.975, 1.9599639845400538],
  ])('quantile of %d', (p, z) => {
    expect(Math.abs(normalQuantile(p) / z - 1)).toBeLessThan(1e-15);
  });

  test('quantile at and beyond the ends', () => {
    expect([0.5, 0, 1, -0.1, 1.1, Number.NaN].map(normalQuantile)).toEqual([0, -Infinity, Infinity, NaN, NaN, NaN]);
  });

  test.each([
    [5e-324, -744.4400719213812],
    [1e-310, -713.8013788281542],
    [2.2250738585072014e-308, -708.3964185322641],
    [1e-10, -23.025850929940457],
    [0.1, -Math.LN10],
    [0.5, -Math.LN2],
    [0.7071067811865475, -0.34657359027997275],
    [Math.SQRT1_2, -0.3465735902799726],
    [0.9999999999999999, -1.1102230246251565e-16],
    [1.0000000000000002, 2.2204460492503128e-16],
    [1.25, 0.22314355131420976],
    [Math.SQRT2, 0.3465735902799727],
    [3.0, 1.0986122886681098],
    [10000000000.0, 23.025850929940457],
    [1.7976931348623157e308, 709.782712893384],
  ])('log of %d', (x, y) => {
    expect(Math.abs(portableLog(x) - y)).toBeLessThanOrEqual(Math.abs(y) * 2 ** -52);
  });

  test('log over the whole range, and at its ends', () => {
    fc.assert(
      fc.property(fc.double({ min: 5e-324, noNaN: true, noDefaultInfinity: true }), (x) => {
        const y = Math.log(x);
        return Math.abs(portableLog(x) - y) <= Math.abs(y) * 2 ** -51;
      }),
      { numRuns: 20_000 },
    );
    expect([1, 0, -0, Infinity, -1, NaN].map(portableLog)).toEqual([0, -Infinity, -Infinity, Infinity, NaN, NaN]);
  });

  test('words map symmetrically into the open range', () => {
    expect(normalFromWord(0)).toBeCloseTo(-6.337957754553789, 14);
    expect([Math.fround(uniformFromWord(0)), Math.fround(uniformFromWord(0xffffffff))]).toEqual([
      2 ** -24,
      1 - 2 ** -24,
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (word) => {
        const u = uniformFromWord(word);
        expect(normalFromWord(0xffffffff - word)).toBe(-normalFromWord(word));
        expect(Math.fround(u)).toBe(u);
        expect(uniformFromWord(0xffffffff - word)).toBe(1 - u);
      }),
    );
  });

  test('the table gives the float32 of the exact quantile, near its edges and all over', () => {
    const edges = Array.from({ length: 32 }, (_, bit) => [2 ** bit - 1, 2 ** bit, 2 ** bit + 1, 2 ** 32 - 2 ** bit]);
    const pieces = Array.from({ length: 2048 }, (_, i) => [i * 2 ** 20, i * 2 ** 20 + 1, 2 ** 31 - 1 - i * 2 ** 20]);
    const spread = Array.from({ length: 400_000 }, (_, i) => (i * 0x9e3779b1) % 2 ** 32);
    const words = Int32Array.from([...edges.flat(), ...pieces.flat(), ...spread], (word) => word | 0);
    const out = new Float32Array(words.length + 3);
    fillNormals(words, 0, out, 3, words.length);
    const exact = Float32Array.from(words, (word) => normalFromWord(word >>> 0));
    expect(words.findIndex((_, i) => !Object.is(out[i + 3], exact[i]))).toBe(-1);
  });

  test('no function that engines compute differently is called', () => {
    const folder = new URL('../src/random/', import.meta.url);
    for (const file of readdirSync(folder)) {
      const code = readFileSync(new URL(file, folder), 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
      const used = [...code.matchAll(/Math\.(\w+)/g)].map((match) => match[1]);
      expect(['sqrt', 'imul', 'floor', 'min', 'fround', 'clz32'], file).toEqual(expect.arrayContaining(used));
      // ** is used on constants only, where the exponent is a literal
      expect([...code.matchAll(/\*\*\s*(-?\w+)/g)].filter((match) => !/^-?\d+$/.test(match[1]!))).toEqual([]);
    }
  });
});

describe('distribution of a million', () => {
  const n = 1_000_000;
  const cases = [
    { name: 'normalArray', data: normalArray(key(1), n) },
    { name: 'fillNoise', data: filled({ site: 'z', kind: 'normal', shape: [4, 5000, 50], rowAxis: 1 }) },
  ];

  test.each(cases)('moments of $name', ({ data }) => {
    const moments = [1, 2, 3, 4].map((k) => data.reduce((sum, z) => sum + z ** k, 0) / n);
    // Var zᵏ = E z²ᵏ - (E zᵏ)²: 1, 2, 15, 96
    const exact = [0, 1, 0, 3];
    const variance = [1, 2, 15, 96];
    moments.forEach((m, i) => {
      expect(Math.abs(m - exact[i]!) / Math.sqrt(variance[i]! / n)).toBeLessThan(4);
    });
    const mean = moments[0]!;
    const scale = Math.sqrt(moments[1]! - mean ** 2);
    const central = (k: number) => data.reduce((sum, z) => sum + ((z - mean) / scale) ** k, 0) / n;
    expect(Math.abs(central(3)) / Math.sqrt(6 / n)).toBeLessThan(4);
    expect(Math.abs(central(4) - 3) / Math.sqrt(24 / n)).toBeLessThan(4);
  });

  test.each(cases)('neighbours of $name are uncorrelated', ({ data }) => {
    for (const lag of [1, 2, 50]) {
      let sum = 0;
      for (let i = lag; i < n; i++) sum += data[i]! * data[i - lag]!;
      expect(Math.abs(sum / Math.sqrt(n - lag)), `lag ${lag}`).toBeLessThan(4);
    }
  });

  // Kolmogorov–Smirnov at level 1e-4: √n D < 2.23, with the exact quantiles as the other side
  test.each(cases)('Kolmogorov–Smirnov of $name', ({ data }) => {
    const sorted = data.slice().sort();
    const edge = 2.23 / Math.sqrt(n);
    let outside = 0;
    for (let i = 0; i < n; i += 10) {
      const lowest = normalQuantile(Math.max(0, i / n - edge));
      const highest = normalQuantile(Math.min(1, i / n + edge));
      if (!(sorted[i]! >= Math.fround(lowest) && sorted[i]! <= Math.fround(highest))) outside++;
    }
    expect(outside).toBe(0);
  });

  test('Kolmogorov–Smirnov of the uniforms', () => {
    const sorted = uniformArray(key(2), n).sort();
    const distance = sorted.reduce((worst, u, i) => Math.max(worst, Math.abs(u - (i + 0.5) / n)), 0);
    expect(distance * Math.sqrt(n)).toBeLessThan(2.23);
    expect(sorted[0]).toBeGreaterThan(0);
    expect(sorted[n - 1]).toBeLessThan(1);
  });
});

function filled(spec: NoiseSpec, rows?: readonly number[], draws: number | readonly number[] = 0, seed = 1) {
  const batch = rows ?? Array.from({ length: spec.shape[spec.rowAxis]! }, (_, row) => row);
  const out = new Float32Array(spec.shape.reduce((a, b) => a * b, 1));
  const draw = typeof draws === 'number' ? draws : Int32Array.from(draws);
  fillNoise(spec, out, 0, { seed, rows: Int32Array.from(batch), draws: draw });
  return out;
}

describe('noise of rows', () => {
  test('equal to a second implementation (Python integers, mpmath quantiles)', () => {
    const spec: NoiseSpec = { site: 'z', kind: 'normal', shape: [2, 3], rowAxis: 0 };
    expect([...filled(spec, [0, 59_999], [0, 7], 42)]).toEqual([
      -0.4049244821071625, 1.3267103433609009, -0.8635522723197937, 0.21555054187774658, -0.16496209800243378,
      -1.026100993156433,
    ]);
    expect([...filled({ ...spec, kind: 'uniform' }, [0, 59_999], [0, 7], 42)]).toEqual([
      0.3427664637565613, 0.9076977372169495, 0.19391697645187378, 0.5853309035301208, 0.43448692560195923,
      0.1524220108985901,
    ]);
    expect([...normalArray(foldIn(key(0), 'w'), 2)]).toEqual([-1.6178456544876099, 1.4456422328948975]);
  });

  test('a row has its numbers in whatever batch, order, offset and sample count it appears', () => {
    const anyCase = fc.record({
      ids: fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 6 }),
      lead: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
      trail: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 2 }),
      kind: fc.constantFrom('normal' as const, 'uniform' as const),
      draw: fc.integer({ min: 0, max: 3 }),
      offset: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(anyCase, ({ ids, lead, trail, kind, draw, offset }) => {
        const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
        const [outer, inner, count] = [size(lead), size(trail), ids.length];
        const rows = Int32Array.from([...new Array(offset).fill(9), ...ids]);
        const draws = Int32Array.from(rows, (_, i) => (draw + i) % 4);
        const out = new Float32Array(offset + outer * count * inner);
        const spec = { site: 's', kind, shape: [...lead, count, ...trail], rowAxis: lead.length };
        fillNoise(spec, out, offset, { seed: 3, rows, rowsOffset: offset, draws });
        expect([...out.subarray(0, offset)]).toEqual(new Array(offset).fill(0));
        ids.forEach((id, b) => {
          const longer: NoiseSpec = { site: 's', kind, shape: [1, outer + 1, inner], rowAxis: 0 };
          const alone = filled(longer, [id], draws[offset + b]!, 3);
          const inBatch = Array.from({ length: outer }, (_, o) => {
            const at = offset + (o * count + b) * inner;
            return [...out.subarray(at, at + inner)];
          }).flat();
          expect(inBatch).toEqual([...alone.subarray(0, outer * inner)]);
        });
      }),
    );
  });

  test('events longer than the internal buffer keep their prefix', () => {
    const long = normalArray(key(3), 10_001);
    expect(long.subarray(0, 4097)).toEqual(normalArray(key(3), 4097));
    const rows = filled({ site: 'big', kind: 'normal', shape: [3, 2, 2500], rowAxis: 1 }, [4, 5]);
    const alone = filled({ site: 'big', kind: 'normal', shape: [1, 7500], rowAxis: 0 }, [5]);
    for (let l = 0; l < 3; l++) {
      expect(rows.subarray((2 * l + 1) * 2500, (2 * l + 2) * 2500)).toEqual(alone.subarray(l * 2500, (l + 1) * 2500));
    }
  });

  test('seed, site, draw and row each change every number', () => {
    const spec: NoiseSpec = { site: 'z', kind: 'normal', shape: [1, 64], rowAxis: 0 };
    const base = filled(spec, [1], 1, 1);
    const others = [
      filled(spec, [1], 1, 2),
      filled({ ...spec, site: 'y' }, [1], 1, 1),
      filled(spec, [1], 2, 1),
      filled(spec, [2], 1, 1),
    ];
    for (const other of others) expect(other.filter((z, i) => z === base[i])).toHaveLength(0);
  });

  type Refused = [
    what: string,
    length: number,
    rows: number[],
    rowsOffset: number,
    draws: number | number[],
    axis?: number,
  ];
  const refused: Refused[] = [
    ['output', 5, [0, 1], 0, 0],
    ['row ids', 6, [0], 0, 0],
    ['row ids', 6, [0, 1], 1, 0],
    ['draws', 6, [0, 1], 0, [0]],
    ['row axis', 6, [0, 1], 0, 0, 2],
  ];
  test.each(refused)('a short or missing %s is refused', (what, length, rows, rowsOffset, draws, rowAxis = 0) => {
    const source = {
      seed: 0,
      rows: Int32Array.from(rows),
      rowsOffset,
      draws: typeof draws === 'number' ? draws : Int32Array.from(draws),
    };
    const spec: NoiseSpec = { site: 'z', kind: 'normal', shape: [2, 3], rowAxis };
    expect(() => fillNoise(spec, new Float32Array(length), 0, source)).toThrow(what);
  });
});
