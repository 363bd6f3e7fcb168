import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../src/nearest.ts';

describe('nearest', () => {
  const names = ['mnist', 'fashion-mnist', 'digits', 'beta-vae', 'vae'];
  it.each([
    ['mnsit', 'mnist'],
    ['MNIST', 'mnist'],
    ['fashion_mnist', 'fashion-mnist'],
    ['digit', 'digits'],
    ['betavae', 'beta-vae'],
    ['vea', 'vae'],
    ['imagenet', undefined],
    ['', undefined],
  ])('takes %j for %j', (word, expected) => expect(nearest(word, names)).toBe(expected));

  it.each([
    ['kitten', 'sitting', 3],
    ['ab', 'ba', 1],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['ca', 'abc', 3],
  ])('counts the edits from %j to %j', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  it('lies between the difference of the lengths and the longer length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance === 0).toBe(a === b);
      }),
    );
  });
});
