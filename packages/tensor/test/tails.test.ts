import { compile, hostTensor, log1p, softplus, spec } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { webRuntime } from '@reparam/tensor/web';
import { describe, expect, it } from 'vitest';

// Far tails in float32, relative to the exact value: what a scale or its logarithm is made of must not become 0.
const rows = [
  ['softplus', softplus, [-5, -17, -40, -80], (x: number) => Math.log1p(Math.exp(x))],
  ['log1p', log1p, [1e-3, 1e-7, 1e-20, -1e-7], Math.log1p],
] as const;

describe.each([
  ['native', () => nodeRuntime()],
  ['wasm', () => webRuntime()],
])('%s', (_, open) => {
  it.each(rows)('%s keeps its relative accuracy', async (_name, fn, points, exact) => {
    const program = await compile((x) => fn(x), spec([points.length]), { runtime: await open() });
    const { data } = await program.run(hostTensor(Float32Array.from(points), [points.length]));
    points.forEach((x, i) => {
      const want = exact(Math.fround(x));
      expect(Math.abs(Number(data[i]) / want - 1)).toBeLessThan(1e-6);
    });
    await program.dispose();
  });
});
