import { ReparamError } from '../errors.ts';
import { type OrtModule, ortRuntime } from '../runtime/ort.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** Options of the WebAssembly and WebGPU runtime. */
export interface WebRuntimeOptions {
  /** `wasm` (everywhere) or `webgpu` (browsers that have it). */
  readonly provider?: 'wasm' | 'webgpu';
  /** Threads of the wasm provider; a page needs cross-origin isolation for more than one. */
  readonly threads?: number;
  /** Where the .wasm files lie, when the bundler does not find them. */
  readonly wasmPaths?: string;
}

type OrtWeb = OrtModule & {
  readonly env: { wasm: { numThreads?: number; wasmPaths?: unknown }; versions: { web?: string; common: string } };
};

/** ONNX Runtime compiled to WebAssembly, `onnxruntime-web`: browsers, and Node where the native one cannot load. */
export async function webRuntime(options: WebRuntimeOptions = {}): Promise<Runtime> {
  const { provider = 'wasm', threads, wasmPaths } = options;
  let ort: OrtWeb;
  try {
    ort = (await import('onnxruntime-web')) as unknown as OrtWeb;
  } catch (cause) {
    throw new ReparamError('runtime', 'onnxruntime-web cannot be loaded', {
      got: cause instanceof Error ? cause.message.split('\n')[0]! : String(cause),
      fix: 'Install onnxruntime-web',
      cause,
    });
  }
  if (threads !== undefined) ort.env.wasm.numThreads = threads;
  if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
  return ortRuntime(ort, {
    name: `onnxruntime-web ${provider}`,
    version: ort.env.versions.web ?? ort.env.versions.common,
    target: provider,
    hasLoop: provider === 'wasm',
    session: { executionProviders: [provider], logSeverityLevel: 3 },
  });
}
