import { drawSprite, type Factors, factorColumn, factorRows, type Sprite, spriteFactors, sprites } from 'reparam';
import { describe, expect, it } from 'vitest';

const middle: Sprite = { shape: 'square', scale: 0.5, orientation: 0, x: 0, y: 0 };
const area = (pixels: Uint8Array) => pixels.reduce((sum, value) => sum + value / 255, 0);
const at = (pixels: Uint8Array, size: number, row: number, column: number) => pixels[row * size + column]!;

/** What (u² + v² − 1)³ = u² v³ encloses: ½ ∫ r² dθ, the radius of each direction by bisection. */
function heartArea(steps = 2000): number {
  let sum = 0;
  for (let k = 0; k < steps; k++) {
    const angle = (2 * Math.PI * (k + 0.5)) / steps;
    let [low, high] = [0, 2];
    for (let i = 0; i < 40; i++) {
      const r = (low + high) / 2;
      const outside = (r * r - 1) ** 3 >= r ** 5 * Math.cos(angle) ** 2 * Math.sin(angle) ** 3;
      [low, high] = outside ? [low, r] : [r, high];
    }
    sum += (low ** 2 * Math.PI) / steps;
  }
  return sum;
}

describe('one sprite', () => {
  const size = 128;
  const radius = 32;
  it.each([
    ['square', 2 * radius ** 2],
    ['ellipse', (Math.PI / 2) * radius ** 2],
    ['heart', (heartArea() / 1.35 ** 2) * radius ** 2],
  ] as const)('a %s covers its area, whichever way it is turned', (shape, exact) => {
    for (const orientation of [0, 17, -30, 45, 180]) {
      expect(Math.abs(area(drawSprite({ ...middle, shape, orientation }, { size })) / exact - 1)).toBeLessThan(0.012);
    }
    const bits = drawSprite({ ...middle, shape }, { size, binary: true });
    expect([...new Set(bits)].sort()).toEqual([0, 255]);
    expect(Math.abs(area(bits) / exact - 1)).toBeLessThan(0.04);
  });

  it('turns clockwise, moves to the right with x and down with y, and is cut at the edge', () => {
    const turned = drawSprite({ ...middle, shape: 'ellipse', orientation: 30 }, { size });
    const [dx, dy] = [Math.round(0.8 * radius * Math.cos(Math.PI / 6)), Math.round(0.8 * radius * 0.5)];
    expect(at(turned, size, 64 + dy, 64 + dx)).toBe(255);
    expect(at(turned, size, 64 - dy, 64 + dx)).toBe(0);
    const still = drawSprite({ ...middle, shape: 'heart' }, { size });
    const moved = drawSprite({ ...middle, shape: 'heart', x: 16 / 64, y: -8 / 64 }, { size });
    for (let row = 8; row < size; row++) {
      for (let column = 0; column < size - 16; column++) {
        expect(at(moved, size, row - 8, column + 16)).toBe(at(still, size, row, column));
      }
    }
    const cut = area(drawSprite({ ...middle, x: 1 }, { size }));
    expect(cut).toBeCloseTo(area(drawSprite(middle, { size })) / 2, 6);
  });
});

describe('sprites', () => {
  const all = sprites('all');
  const factors = spriteFactors('all');

  it('are every combination of levels once, each with a picture of its own', () => {
    expect([all.size, all.shape, sprites('train').size, sprites('test').size]).toEqual([5376, [32, 32], 4376, 1000]);
    const rows = Array.from({ length: all.size }, (_, i) => factors.values.subarray(5 * i, 5 * i + 5).join());
    expect(new Set(rows).size).toBe(3 * 4 * 7 * 8 * 8);
    const pictures = Array.from({ length: all.size }, (_, i) =>
      String.fromCharCode(...all.data.subarray(1024 * i, 1024 * (i + 1))),
    );
    expect(new Set(pictures).size).toBe(all.size);
    factors.names.forEach((_, j) => {
      const { levels, count } = factorColumn(factors, j);
      const shares = Array.from({ length: count }, (_, k) => levels.filter((level) => level === k).length);
      expect(new Set(shares)).toEqual(new Set([all.size / [3, 4, 7, 8, 8][j]!]));
    });
  });

  it('splits are what their factors draw; classes are the shapes', () => {
    const test = sprites('test');
    const { values } = spriteFactors('test');
    expect(values).toEqual(factors.values.slice(5 * 4376));
    expect(test.data).toEqual(all.data.slice(1024 * 4376));
    const [shape, scale, orientation, x, y] = values.subarray(35, 40);
    const place = (level: number) => -0.55 + (1.1 * level) / 7;
    const sprite = drawSprite({
      shape: (['square', 'ellipse', 'heart'] as const)[shape!]!,
      scale: 0.2 + (0.2 * scale!) / 3,
      orientation: -30 + 10 * orientation!,
      x: place(x!),
      y: place(y!),
    });
    expect(test.data.slice(7 * 1024, 8 * 1024)).toEqual(sprite);
    expect([test.labels![7], test.classNames![shape!]]).toEqual([shape, ['square', 'ellipse', 'heart'][shape!]]);
  });

  it('are as large, as many and as black and white as is asked for', () => {
    const few = sprites('all', { size: 16, binary: true, levels: { scale: 1, orientation: 1, x: 3, y: 2 } });
    expect([few.size, few.shape, new Set(few.data)]).toEqual([18, [16, 16], new Set([0, 255])]);
    expect(() => sprites('all', { size: 4 })).toThrow(/size of sprites/);
    expect(() => sprites('all', { levels: { x: 0 } })).toThrow(/levels of x/);
  });
});

it('factor columns number their levels without gaps, and rows are picked in order', () => {
  const factors: Factors = {
    names: ['a', 'b'],
    kinds: ['ordered', 'ordered'],
    values: Int32Array.of(9, 0, 4, 1, 9, 2),
  };
  expect(factorColumn(factors, 0)).toEqual({ levels: Int32Array.of(1, 0, 1), count: 2 });
  expect([...factorRows(factors, [2, 0]).values]).toEqual([9, 2, 9, 0]);
});
