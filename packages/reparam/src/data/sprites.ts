import { ReparamError } from '@reparam/tensor';
import { createDataset, type Dataset } from './dataset.ts';
import { type Factors, factorRows } from './factors.ts';
import { permutation } from './permutation.ts';

/** The shapes of sprites, in the order of their levels. */
export const spriteShapes = ['square', 'ellipse', 'heart'] as const;

/** What one sprite looks like. */
export interface Sprite {
  readonly shape: (typeof spriteShapes)[number];
  /** Largest extent from its middle, as a share of half the picture. */
  readonly scale: number;
  /** Degrees, clockwise. */
  readonly orientation: number;
  /** Its middle, both from −1 (left, above) to 1. */
  readonly x: number;
  readonly y: number;
}

/** Size of the pictures, and how many levels each factor has. */
export interface SpriteOptions {
  /** Pixels on each side; default 32. */
  readonly size?: number;
  /** Whether pixels are black or white, as their middle is; default: grey, by the share of the pixel that is covered. */
  readonly binary?: boolean;
  /** Default 4 scales, 7 orientations, 8 places on each axis. */
  readonly levels?: Partial<Readonly<Record<'scale' | 'orientation' | 'x' | 'y', number>>>;
}

const defaults = { scale: 4, orientation: 7, x: 8, y: 8 };
const factorNames = ['shape', 'scale', 'orientation', 'x', 'y'] as const;

/** Whether a point of the plane lies in a shape that fills the circle of radius 1 around 0. */
const inside: Record<Sprite['shape'], (x: number, y: number) => boolean> = {
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < Math.SQRT1_2,
  ellipse: (x, y) => x * x + 4 * y * y < 1,
  heart: (x, y) => {
    const [u, v] = [1.35 * x, 0.15 - 1.35 * y];
    const ring = u * u + v * v - 1;
    return ring * ring * ring < u * u * v * v * v;
  },
};

/** Points on each side of a pixel at which a shape is looked up. */
const pointsPerPixel = 4;

/** One sprite, white on black: bytes [size, size]. */
export function drawSprite(sprite: Sprite, { size = 32, binary = false }: SpriteOptions = {}): Uint8Array {
  const { shape, scale, orientation, x, y } = sprite;
  const turn = (orientation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn) / scale, Math.sin(turn) / scale];
  const points = binary ? 1 : pointsPerPixel;
  const pixels = new Uint8Array(size * size);
  const span = (middle: number) => {
    const place = (edge: number) => Math.min(size, Math.max(0, ((edge + 1) / 2) * size));
    return [Math.floor(place(middle - scale)), Math.ceil(place(middle + scale))] as const;
  };
  const [[left, right], [top, bottom]] = [span(x), span(y)];
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      let hits = 0;
      for (let k = 0; k < points * points; k++) {
        const dx = ((column + ((k % points) + 0.5) / points) / size) * 2 - 1 - x;
        const dy = ((row + (Math.floor(k / points) + 0.5) / points) / size) * 2 - 1 - y;
        if (inside[shape](cos * dx + sin * dy, cos * dy - sin * dx)) hits += 1;
      }
      pixels[row * size + column] = Math.round((255 * hits) / points ** 2);
    }
  }
  return pixels;
}

/** `count` numbers from `low` to `high` at equal distances; one of them is the middle. */
const evenly = (count: number, low: number, high: number): number[] =>
  Array.from({ length: count }, (_, i) => (count === 1 ? (low + high) / 2 : low + ((high - low) * i) / (count - 1)));

/** The values behind the levels of every factor. Orientations stay within ±30°, where no shape looks the same twice. */
function spriteLevels({ levels }: SpriteOptions) {
  const counts = { ...defaults, ...levels };
  for (const [name, count] of Object.entries(counts)) {
    if (!Number.isInteger(count) || count < 1) {
      throw new ReparamError('config', `levels of ${name}`, { got: `${count}`, expected: 'a whole number, 1 or more' });
    }
  }
  return {
    shape: spriteShapes,
    scale: evenly(counts.scale, 0.2, 0.4),
    orientation: evenly(counts.orientation, -30, 30),
    x: evenly(counts.x, -0.55, 0.55),
    y: evenly(counts.y, -0.55, 0.55),
  };
}

/** The sprite of one level of each factor, in the order of their names. */
function spriteAt(all: ReturnType<typeof spriteLevels>, level: ArrayLike<number>): Sprite {
  const [shape, scale, orientation, x, y] = factorNames.map((name, j) => all[name][level[j]!]!);
  return { shape, scale, orientation, x, y } as Sprite;
}

/**
 * Sprites of five independent factors: shape, scale, orientation, x and y, every combination of their levels once (5,376 of
 * 32 × 32 grey values by default), after Matthey et al. 2017 (dSprites). A seeded draw of a fifth, at most 1,000, is `test`;
 * classes are the shapes.
 */
export function sprites(split: 'train' | 'test' | 'all' = 'train', options: SpriteOptions = {}): Dataset {
  const { size = 32 } = options;
  if (!Number.isInteger(size) || size < 8) {
    throw new ReparamError('config', 'size of sprites', { got: `${size}`, expected: 'a whole number, 8 or more' });
  }
  const { values } = spriteFactors(split, options);
  const all = spriteLevels(options);
  const width = factorNames.length;
  const count = values.length / width;
  const data = new Uint8Array(count * size * size);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const level = values.subarray(i * width, (i + 1) * width);
    data.set(drawSprite(spriteAt(all, level), options), i * size * size);
    labels[i] = level[0]!;
  }
  return createDataset({
    name: 'sprites',
    split,
    data,
    shape: [size, size],
    scale: 1 / 255,
    labels,
    classNames: spriteShapes,
    source: 'drawn by this library from five factors: shape, scale, orientation, x and y',
  });
}

/** The levels behind the sprites of a split, in their order; `all` is train and then test. */
export function spriteFactors(split: 'train' | 'test' | 'all' = 'train', options: SpriteOptions = {}): Factors {
  const all = spriteLevels(options);
  const counts = factorNames.map((name) => all[name].length);
  const total = counts.reduce((product, count) => product * count, 1);
  const values = new Int32Array(total * counts.length);
  for (let i = 0; i < total; i++) {
    for (let j = counts.length - 1, rest = i; j >= 0; j--) {
      values[i * counts.length + j] = rest % counts[j]!;
      rest = Math.floor(rest / counts[j]!);
    }
  }
  const kinds = factorNames.map((name) => (name === 'shape' ? 'categorical' : 'ordered'));
  const order = permutation(total, 0, 'sprites');
  const test = Math.min(1000, Math.floor(total / 5));
  const rows = {
    train: order.subarray(test),
    test: order.subarray(0, test),
    all: [...order.subarray(test), ...order.subarray(0, test)],
  };
  return factorRows({ names: factorNames, kinds, values }, rows[split]);
}
