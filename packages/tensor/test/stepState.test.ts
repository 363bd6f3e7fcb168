import { compileStep, interpreter, reshape, spec, type Tensor } from '@reparam/tensor';
import { describe, expect, it } from 'vitest';

const specs = { state: { a: spec([2, 3]) }, batch: {} };

describe('the state a step returns', () => {
  it.each([
    [
      'of another shape',
      ({ a }: { a: Tensor }) => ({ a: reshape(a, [3, 2]) }),
      /a.*got float32 \[3, 2\], expected float32 \[2, 3\]/,
    ],
    ['missing', () => ({}) as { a: Tensor }, /a.*got nothing, expected float32 \[2, 3\]/],
  ])('is refused when it is %s', async (_, next, message) => {
    const step = compileStep((state: { a: Tensor }) => ({ state: next(state), outputs: {} }), specs, {
      runtime: interpreter,
    });
    await expect(step).rejects.toThrow(message);
  });
});
