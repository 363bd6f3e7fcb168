import { extname } from 'node:path';
import { nearest, ReparamError, sizeOf } from '@reparam/tensor';
import { type MissingPart, missingParts, missingValues, parseNpy } from 'reparam';
import { readFileChecked } from 'reparam/io/node';

const words = [...missingParts, 'quadrant'] as const;

/**
 * What `--mask` says is missing of `count` examples of `shape`, 1 there and 0 elsewhere: the name of a part, `quadrant` (bottom
 * left), `random:share`, or an npy file of one example's shape or of all.
 */
export async function readMask(
  text: string,
  { shape, count, seed }: { readonly shape: readonly number[]; readonly count: number; readonly seed: number },
): Promise<Uint8Array> {
  if (extname(text).toLowerCase() === '.npy') return fromFile(text, shape, count);
  const share = /^random:(.+)$/.exec(text)?.[1];
  if (share !== undefined) return missingValues(shape, { share: Number(share) }, count, seed);
  const word = words.find((name) => name === text);
  if (word) return missingValues(shape, word === 'quadrant' ? 'bottom-left' : (word as MissingPart), count);
  const near = nearest(text, [...words]);
  throw new ReparamError('config', 'no such mask', {
    got: `"${text}"`,
    expected: `${words.join(', ')}, random:0.5 (a share), or an npy file`,
    fix: near && `Did you mean "${near}"?`,
  });
}

async function fromFile(path: string, shape: readonly number[], count: number): Promise<Uint8Array> {
  const mask = parseNpy(await readFileChecked(path), path);
  const size = sizeOf(shape);
  const rows = mask.data.length / size;
  const fits = mask.shape.join() === shape.join() || mask.shape.join() === [rows, ...shape].join();
  if (!fits || (rows !== 1 && rows < count)) {
    throw new ReparamError('data', 'a mask of another shape than the examples', {
      got: `[${mask.shape.join(', ')}]`,
      expected: `[${shape.join(', ')}], or [${[count, ...shape].join(', ')}] for ${count} examples`,
      at: path,
    });
  }
  const missing = Uint8Array.from(mask.data as ArrayLike<number>, (value) => (Number(value) === 0 ? 0 : 1));
  return rows === 1 ? missing : missing.subarray(0, count * size);
}
