// Writes src/data/digitsBytes.ts from digits.csv.gz (Debian package python3-sklearn, sklearn/datasets/data/):
//   node packages/reparam/assets/embedDigits.mjs path/to/digits.csv.gz
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';

const expected = '46abec6b12486ad9e51943373abcf22bbea1b5a51a1619b361570d8893f1464a';
const packed = readFileSync(process.argv[2]);
const found = createHash('sha256').update(packed).digest('hex');
if (found !== expected) throw new Error(`sha256 is ${found}, expected ${expected}`);

const rows = gunzipSync(packed)
  .toString()
  .trim()
  .split('\n')
  .map((line) => line.split(',').map(Number));
const bytes = Uint8Array.from([...rows.flatMap((row) => row.slice(0, 64)), ...rows.map((row) => row[64])]);
const text = gzipSync(bytes, { level: 9 }).toString('base64');
writeFileSync(
  new URL('../src/data/digitsBytes.ts', import.meta.url),
  `// Made by assets/embedDigits.mjs from scikit-learn's digits.csv.gz (BSD-3; UCI optical recognition of handwritten digits,
// E. Alpaydin and C. Kaynak, 1998, CC BY 4.0).

/** Base64 of the gzipped bytes: 1797 × 8 × 8 pixels from 0 to 16, then 1797 labels. */
export const digitsBytes =
  '${text}';
`,
);
