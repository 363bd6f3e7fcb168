import { existsSync } from 'node:fs';
import { interpreter, type Runtime } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { differences, float32, isDifferentiable, rows, run, title, weightsFor } from './conformance/index.ts';

// SwiftShader computes what a GPU would, on the CPU; Debian's chromium package has it.
const driver = [
  process.env.VK_ICD_FILENAMES,
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
].find((path) => path !== undefined && existsSync(path));
const required = process.env.REPARAM_REQUIRE_WEBGPU === '1';
const missing = 'no Vulkan driver: install chromium and libvulkan1, or set VK_ICD_FILENAMES to an ICD file';

if (!driver) {
  test.runIf(required)('a Vulkan driver is required', () => {
    throw new Error(missing);
  });
  test.skipIf(!required)(`WebGPU conformance: ${missing}`, (context) => context.skip(missing));
}

describe.runIf(driver)('WebGPU without fallback to the CPU, against the interpreter', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    // The loader of Vulkan reads this when the provider opens its device.
    process.env.VK_ICD_FILENAMES = driver;
    runtime = await nodeRuntime({ provider: 'webgpu', forbidFallback: true });
  });

  test.for(rows.map((row) => [title(row), row] as const))('%s', async ([, row], context) => {
    if (typeof row.webgpu === 'string') return context.skip(row.webgpu);
    const { value } = await run(row, interpreter);
    const weights = isDifferentiable(row) ? weightsFor(value.shape) : undefined;
    const expected = await run(row, interpreter, weights);
    const actual = await run(row, runtime, weights);
    const tolerance = { ...float32, ...row.tolerance, ...row.webgpu };
    expect(differences(actual.value, expected.value, tolerance)).toEqual([]);
    actual.gradients.forEach((g, i) => {
      expect(differences(g, expected.gradients[i]!, tolerance)).toEqual([]);
    });
  });
});
