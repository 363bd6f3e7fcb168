import {
  completion,
  completionLayout,
  createDataset,
  digits,
  type Quadrant,
  quadrants,
  reassemble,
  take,
} from 'reparam';
import { describe, expect, it, test } from 'vitest';

const numbered = (shape: readonly number[], count = 2) => {
  const width = shape.reduce((a, b) => a * b, 1);
  return createDataset({
    name: 'numbered',
    data: Uint8Array.from({ length: count * width }, (_, i) => i),
    shape,
    scale: 0.5,
  });
};

test.each<[Quadrant, number[], number[]]>([
  // A picture of 3 × 5: the middle row and column belong to the top and the left.
  ['top-left', [2, 3], [0, 1, 2, 5, 6, 7]],
  ['top-right', [2, 2], [3, 4, 8, 9]],
  ['bottom-left', [1, 3], [10, 11, 12]],
  ['bottom-right', [1, 2], [13, 14]],
])('%s of a picture', (missing, shape, values) => {
  const layout = completionLayout([3, 5], missing);
  expect(layout.shape).toEqual(shape);
  expect([...layout.missing]).toEqual(values);
  expect([...layout.missing, ...layout.rest].sort((a, b) => a - b)).toEqual([...Array(15).keys()]);
  const part = completion(numbered([3, 5]), { missing });
  expect([...part.data]).toEqual([...values, ...values.map((v) => v + 15)]);
  expect(part).toMatchObject({ shape, scale: 0.5, size: 2, condition: { size: 15 - values.length, scale: 0.5 } });
});

test('colours stay together', () => {
  const part = completion(numbered([2, 2, 3], 1), { missing: 'bottom-left' });
  expect(part.shape).toEqual([1, 1, 3]);
  expect([...part.data]).toEqual([6, 7, 8]);
});

describe.each(quadrants.map((missing) => [missing] as const))('digits without %s', (missing) => {
  it('can be put together again', () => {
    const whole = take(digits(), 9);
    const { data, condition, labels } = completion(whole, { missing });
    expect(labels).toEqual(whole.labels);
    const again = reassemble(completionLayout([8, 8], missing), data, condition!.data);
    expect([...again]).toEqual([...whole.data]);
  });
});

test('tables are refused', () => {
  expect(() => completion(numbered([6]), { missing: 'top-left' })).toThrow(/only pictures can be completed/);
});
