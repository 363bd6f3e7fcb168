import { createDataset, type Dataset } from './dataset.ts';
import { digitsBytes } from './digitsBytes.ts';
import { gunzip } from './formats/gzip.ts';

const [size, testSize, width] = [1797, 297, 64];

/**
 * The bundled data set: 1797 handwritten digits of 8 × 8 pixels from 0 to 16 (scale 1/16), in scikit-learn's order. The
 * first 1500 are `train`, the last 297 `test`.
 */
export function digits(split: 'train' | 'test' | 'all' = 'train'): Dataset {
  const bytes = gunzip(
    Uint8Array.from(atob(digitsBytes), (letter) => letter.charCodeAt(0)),
    'digits',
  );
  const from = split === 'test' ? size - testSize : 0;
  const to = split === 'train' ? size - testSize : size;
  return createDataset({
    name: 'digits',
    split,
    data: bytes.slice(from * width, to * width),
    shape: [8, 8],
    scale: 1 / 16,
    labels: Int32Array.from(bytes.subarray(size * width + from, size * width + to)),
    classNames: [...'0123456789'],
    source: 'bundled: UCI optical recognition of handwritten digits, as in scikit-learn',
  });
}
