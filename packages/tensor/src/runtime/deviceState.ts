import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common';
import type { StepGraph } from '../graph.ts';
import type { HostTensor } from '../host.ts';
import type { Target } from '../onnx/emitter.ts';
import { lowerGraph, singleStep } from '../onnx/lower.ts';
import { input } from '../primitives/source.ts';
import type { Tensor } from '../tensor.ts';
import type { StepExecutable } from './runtime.ts';
import { stackRows, unstackRow } from './stepByStep.ts';

/** What the device needs of an ONNX Runtime module. */
export interface Device {
  open(model: Uint8Array, outputsOnDevice: readonly string[]): Promise<InferenceSession>;
  toOrt(value: HostTensor): OrtTensor;
  fromOrt(value: OrtTensor): HostTensor;
  readonly target: Target;
}

/** Element types that the GPU's kernels copy; others travel each step. */
const stays = ({ dtype }: Tensor): boolean => dtype === 'float32' || dtype === 'int32';

/**
 * Runs steps one by one with the state kept on the device in between: it is uploaded before the first step of a call
 * and downloaded after the last, and so are shared inputs.
 */
export async function loadOnDevice(device: Device, step: StepGraph): Promise<StepExecutable> {
  const { open, toOrt, fromOrt, target } = device;
  const kept = step.state.filter((s) => stays(s.output));
  const lent = step.shared.filter((s) => stays(s.tensor));
  const main = await open(
    lowerGraph(singleStep(step), target),
    kept.map((s) => `${s.name}'`),
  );
  const uploads = await copier(
    device,
    lent.map(({ name, tensor }) => ({ name, type: tensor })),
    true,
  );
  // The runtime has no download of its own in Node, but what a session returns to the host it does download.
  const downloads = await copier(
    device,
    kept.map(({ name, output }) => ({ name: `${name}'`, type: output })),
    false,
  );

  return {
    async run(state, shared, inputs, steps) {
      const fixed = await uploads.copy(new Map([...shared].map(([name, value]) => [name, toOrt(value)])));
      for (const [name, value] of shared) if (!fixed.has(name)) fixed.set(name, toOrt(value));
      let current = new Map([...state].map(([name, value]) => [name, toOrt(value)]));
      const collected = new Map<string, HostTensor[]>(step.outputs.map(({ name }) => [name, []]));
      for (let k = 0; k < steps; k++) {
        const fresh = [...inputs].map(([name, value]) => [name, toOrt(unstackRow(value, k))] as const);
        const results = await runWith(main, new Map([...current, ...fixed, ...fresh]));
        release(current.values());
        current = new Map(step.state.map(({ name }) => [name, results.get(`${name}'`)!]));
        for (const [name, rows] of collected) rows.push(fromOrt(results.get(name)!));
      }
      const final = new Map([...current].map(([name, value]) => [`${name}'`, value]));
      const downloaded = await downloads.copy(final);
      const result = new Map(
        step.state.map(({ name }) => [name, fromOrt(downloaded.get(`${name}'`) ?? current.get(name)!)]),
      );
      release(current.values());
      release(fixed.values());
      return { state: result, outputs: new Map([...collected].map(([name, rows]) => [name, stackRows(rows)])) };
    },
    async dispose() {
      await main.release();
      await uploads.dispose();
      await downloads.dispose();
    },
  };
}

const copied = (name: string) => `${name} copy`;

/** Copies tensors to the device or back from it, by a program that does nothing else. */
async function copier(device: Device, tensors: readonly { name: string; type: Tensor }[], toDevice: boolean) {
  if (tensors.length === 0) return { copy: async () => new Map<string, OrtTensor>(), dispose: async () => {} };
  const inputs = tensors.map(({ name, type }) => ({ name, tensor: input(name, type.shape, type.dtype) }));
  const outputs = inputs.map(({ name, tensor }) => ({ name: copied(name), tensor }));
  const session = await device.open(
    lowerGraph({ inputs, outputs }, device.target),
    toDevice ? outputs.map((o) => o.name) : [],
  );
  return {
    async copy(values: ReadonlyMap<string, OrtTensor>): Promise<Map<string, OrtTensor>> {
      const results = await runWith(session, values);
      return new Map(tensors.map(({ name }) => [name, results.get(copied(name))!]));
    },
    dispose: () => session.release(),
  };
}

async function runWith(session: InferenceSession, values: ReadonlyMap<string, OrtTensor>) {
  const feeds = Object.fromEntries(session.inputNames.map((name) => [name, values.get(name)!]));
  return new Map(Object.entries(await session.run(feeds)));
}

/** Frees what lies on the device; arrays in host memory are left alone. */
function release(tensors: Iterable<OrtTensor>): void {
  for (const tensor of tensors) if (tensor.location === 'gpu-buffer') tensor.dispose();
}
