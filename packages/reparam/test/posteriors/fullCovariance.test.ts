import { cast, iota, key, reshape, type Tensor } from '@reparam/tensor';
import { fullCovarianceNormal, type HostParams, type NormalTril, type SymbolicParams, traceContext } from 'reparam';
import { describe, expect, it, test } from 'vitest';
import { packedSize, unpackBelow } from '../../src/posteriors/fullCovarianceNormal.ts';
import { compute, floats } from '../support.ts';

test.each([1, 2, 3, 4, 5, 8, 11])('below the diagonal of %i × %i lies every number once', async (size) => {
  const count = packedSize(size);
  const { matrix } = await compute(
    {
      packed: floats(
        Array.from({ length: 2 * count }, (_, i) => i + 1),
        [2, count],
      ),
    },
    ({ packed }: { packed: Tensor }) => ({
      matrix: unpackBelow(packed, size),
    }),
  );
  for (const example of [0, 1]) {
    const below = matrix
      .slice(example * size * size, (example + 1) * size * size)
      .filter((_, i) => Math.floor(i / size) > i % size);
    expect(new Set(below).size).toBe((size * (size - 1)) / 2);
    expect(below.every((value) => value > example * count && value <= (example + 1) * count)).toBe(true);
  }
});

describe('the posterior', () => {
  it('starts as the diagonal one and has a lower triangular factor with positive diagonal', async () => {
    const posterior = fullCovarianceNormal();
    const fresh = posterior.init(key(1), 4, 3);
    const moved = {
      ...fresh,
      below: {
        weight: floats(
          Array.from({ length: 32 }, (_, i) => Math.sin(i)),
          [8, 4],
        ),
        bias: floats(Array.from({ length: 8 }, (_, i) => 0.1 * i)),
      },
    } as HostParams;
    for (const [params, isDiagonal] of [
      [fresh, true],
      [moved, false],
    ] as const) {
      const { factor } = await compute({ params }, ({ params: p }: { params: SymbolicParams }, trace) => {
        const features = reshape(cast(iota(8), 'float32'), [2, 4]);
        const q = posterior.distribution(p, features, 3, traceContext(trace, true)) as NormalTril;
        return { factor: q.scaleTril };
      });
      for (const [at, value] of factor.entries()) {
        const [row, column] = [Math.floor(at / 3) % 3, at % 3];
        if (column > row) expect(value).toBe(0);
        else if (column === row) expect(value).toBeGreaterThan(0);
        else expect(value === 0).toBe(isDiagonal);
      }
    }
  });
});
