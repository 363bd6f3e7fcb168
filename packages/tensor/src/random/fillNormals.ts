import { normalFromWord, normalQuantile } from './normal.ts';

/** The quantile is tabulated for words nearest to the middle and these halvings of the tail further out. */
const octaves = 12;
/** Pieces of an octave, a power of two; each has a cubic of its own. */
const pieces = 128;
/** Ten times the largest relative error of a cubic. */
const tolerance = 2e-11;
let cubics: Float64Array | undefined;

/**
 * Writes the standard normals of `size` words to `out`: to the bit `normalFromWord`, rounded to float32, at a third of its time. A
 * cubic gives z within a tolerance; where that leaves two float32 to choose between (1 in 2,000), the exact function decides.
 */
export function fillNormals(words: Int32Array, from: number, out: Float32Array, offset: number, size: number): void {
  cubics ??= tabulate();
  for (let i = 0; i < size; i++) {
    const word = words[from + i]!;
    // Distance to the nearer end of the range: both halves share a table.
    const u = word ^ (word >> 31);
    const octave = Math.clz32(u) - 1;
    if (octave < octaves) {
      const shift = 23 - octave;
      const piece = u >>> shift;
      const at = ((octave << 7) + (piece & (pieces - 1))) << 2;
      const t = u - (piece << shift);
      const ratio = ((cubics[at + 3]! * t + cubics[at + 2]!) * t + cubics[at + 1]!) * t + cubics[at]!;
      const z = ratio * ((word >>> 0) - 2147483647.5);
      const rounded = Math.fround(z * (1 - tolerance));
      if (rounded === Math.fround(z * (1 + tolerance))) {
        out[offset + i] = rounded;
        continue;
      }
    }
    out[offset + i] = normalFromWord(word >>> 0);
  }
}

/** Coefficients, lowest first, of z / (2^32 p − 2^31) through four points of each piece. */
function tabulate(): Float64Array {
  const table = new Float64Array(octaves * pieces * 4);
  // Zeros of the Chebyshev polynomial of degree 4, on [0, 1].
  const [a, b, c, d] = [0.038060233744356631, 0.3086582838174551, 0.6913417161825449, 0.96193976625564337] as const;
  for (let octave = 0; octave < octaves; octave++) {
    const width = 2 ** 23 / (1 << octave);
    for (let piece = 0; piece < pieces; piece++) {
      const start = (pieces + piece) * width;
      const ratio = (t: number) => {
        const word = start + t * width + 0.5;
        return normalQuantile(word / 4294967296) / (word - 2147483648);
      };
      const [fa, fb, fc, fd] = [ratio(a), ratio(b), ratio(c), ratio(d)];
      // Divided differences, then powers of t.
      const [ab, bc, cd] = [(fb - fa) / (b - a), (fc - fb) / (c - b), (fd - fc) / (d - c)];
      const [abc, bcd] = [(bc - ab) / (c - a), (cd - bc) / (d - b)];
      const abcd = (bcd - abc) / (d - a);
      table.set(
        [
          fa - a * (ab - b * (abc - c * abcd)),
          (ab - abc * (a + b) + abcd * (a * b + a * c + b * c)) / width,
          (abc - abcd * (a + b + c)) / width / width,
          abcd / width / width / width,
        ],
        (octave * pieces + piece) * 4,
      );
    }
  }
  return table;
}
