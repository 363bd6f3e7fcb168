import { foldIn, key, uniformArray } from '@reparam/tensor';
import { createDataset, type Dataset } from './dataset.ts';
import { concatenate } from './subset.ts';

/** Where a drawn face looks and how it feels; both from −1 to 1. */
export interface FaceFactors {
  /** From turned to the left to turned to the right. */
  readonly pose: number;
  /** From sad to glad. */
  readonly expression: number;
}

/** Pixels on each side. */
export const faceSize = 28;

const classNames = ['sad', 'neutral', 'glad'];
const counts = { train: 4000, test: 1000 };

/** A drawing of a face, white on black, bytes [28, 28]: lines with soft edges, so that each factor changes it smoothly. */
export function drawFace({ pose, expression }: FaceFactors): Uint8Array {
  const pixels = new Uint8Array(faceSize * faceSize);
  // Features lie on a ball that turns: those in the middle move most, and all grow narrower towards the side.
  const place = (angle: number) => ({
    across: Math.sin(angle + 0.25 * pose) * 0.8,
    narrow: Math.max(0.3, Math.cos(angle + 0.25 * pose)),
  });
  const eyes = [-0.45, 0.45].map((angle) => ({ ...place(angle), inner: -Math.sign(angle) }));
  const middle = place(0);
  for (let row = 0; row < faceSize; row++) {
    const y = ((row + 0.5) / faceSize) * 2.3 - 1.15;
    for (let column = 0; column < faceSize; column++) {
      const x = ((column + 0.5) / faceSize) * 2.3 - 1.15;
      // Distances to each shape in units of half the picture; negative inside.
      const head = length(x / 0.86, y) - 1;
      let ink = soft(Math.abs(head + 0.05) - 0.05);
      for (const { across, narrow, inner } of eyes) {
        const dx = (x - across) / narrow;
        const eye = length(dx, y + 0.22) - 0.14;
        // The inner ends of the brows rise in sorrow.
        const brow = y + 0.52 + 0.3 * expression * inner * dx;
        ink = Math.max(ink, soft(eye), soft(Math.max(Math.abs(brow) - 0.06, Math.abs(dx) - 0.18)));
      }
      const dx = (x - middle.across) / middle.narrow;
      const nose = Math.max(Math.abs(dx) - 0.07, Math.abs(y - 0.1) - 0.12);
      // The mouth is a parabola, and its bend the expression.
      const lip = y - 0.5 - 0.5 * expression * (0.5 - (dx / 0.38) ** 2);
      ink = Math.max(ink, soft(nose), soft(Math.max(Math.abs(lip) - 0.075, Math.abs(dx) - 0.38)));
      pixels[row * faceSize + column] = Math.round(255 * ink);
    }
  }
  return pixels;
}

const length = (x: number, y: number): number => Math.sqrt(x * x + y * y);

/** 1 inside, 0 outside, straight between over about a pixel. */
const soft = (distance: number): number => Math.min(1, Math.max(0, 0.5 - distance / 0.1));

/**
 * Drawn faces with two factors, both uniform: the pose and the expression. 28 × 28 grey values, 4000 `train` and 1000
 * `test`, the same on every machine; classes by thirds of the expression: sad, neutral, glad.
 */
export function faces(split: 'train' | 'test' | 'all' = 'train'): Dataset {
  if (split === 'all') return { ...concatenate(faces('train'), faces('test')), split };
  const factors = faceFactors(split);
  const data = new Uint8Array(factors.length * faceSize ** 2);
  factors.forEach((each, i) => {
    data.set(drawFace(each), i * faceSize ** 2);
  });
  return createDataset({
    name: 'faces',
    split,
    data,
    shape: [faceSize, faceSize],
    scale: 1 / 255,
    labels: Int32Array.from(factors, ({ expression }) => Math.min(2, Math.floor(((expression + 1) / 2) * 3))),
    classNames,
    source: 'drawn by this library from two factors: pose and expression',
  });
}

/** The factors behind the faces of a split, in their order. */
export function faceFactors(split: 'train' | 'test'): FaceFactors[] {
  const values = uniformArray(foldIn(key(2014), `faces/${split}`), 2 * counts[split]);
  return Array.from({ length: counts[split] }, (_, i) => ({
    pose: 2 * values[2 * i]! - 1,
    expression: 2 * values[2 * i + 1]! - 1,
  }));
}
