import { existsSync } from 'node:fs';
import { flatten, type HostTensor, interpreter, type Runtime } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { differences, float32, isDifferentiable, rows, run, title, weightsFor } from './conformance/index.ts';
import { train } from './conformance/training.ts';

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
  if (!required) {
    console.warn(`WebGPU conformance is skipped: ${missing}`);
    test.skip(`WebGPU conformance: ${missing}`, () => {});
  }
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

  test('seven steps with the state on the device, in one call and in several', async () => {
    // SwiftShader works in a fixed order; a real GPU may not promise equal bits.
    const whole = await train(runtime, [7]);
    expect(whole.counts).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect(await train(runtime, [1, 2, 4])).toEqual(whole);
    const expected = await train(interpreter, [7]);
    for (const [path, value] of flatten<HostTensor>(whole.state)) {
      const reference = flatten<HostTensor>(expected.state).find(([p]) => p === path)![1];
      expect([path, differences(value, reference, { relative: 2e-6, absolute: 2e-6 })]).toEqual([path, []]);
    }
  });
});
