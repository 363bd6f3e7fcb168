import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { ReparamError } from '../errors.ts';
import { type OrtModule, ortRuntime } from '../runtime/ort.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { openLane } from './lanes.ts';

/** Options of the native runtime. */
export interface NodeRuntimeOptions {
  /** Execution provider; `cpu` unless stated. The others need their hardware and a build that has them. */
  readonly provider?: 'cpu' | 'webgpu' | 'cuda' | 'coreml' | 'dml';
  /** Threads within one operation; by default the runtime's own choice, one a core. */
  readonly threads?: number;
  /** Writes ONNX Runtime's own profile (JSON, a line an operator call) to a file with this prefix. */
  readonly profile?: string;
  /** Refuse programs of which an operation has no kernel on the provider, instead of running it on the CPU. */
  readonly forbidFallback?: boolean;
}

/** The native runtime, `onnxruntime-node`. Throws `runtime` when the package is absent or cannot load here. */
export async function nodeRuntime(options: NodeRuntimeOptions = {}): Promise<Runtime> {
  const { provider = 'cpu', threads, profile, forbidFallback } = options;
  let ort: OrtModule;
  try {
    ort = (await import('onnxruntime-node')) as unknown as OrtModule;
  } catch (cause) {
    throw new ReparamError('runtime', 'onnxruntime-node cannot be loaded', {
      got: cause instanceof Error ? cause.message.split('\n')[0]! : String(cause),
      fix: 'Install onnxruntime-node, or use the web runtime',
      cause,
    });
  }
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  const runtimeOf = (module: OrtModule, intraOpNumThreads: number | undefined): Runtime =>
    ortRuntime(module, {
      name: `onnxruntime-node ${provider}`,
      version,
      target: provider === 'webgpu' ? 'webgpu' : 'cpu',
      hasLoop: provider === 'cpu',
      keepsState: provider === 'webgpu',
      session: {
        executionProviders: [provider],
        logSeverityLevel: 3,
        ...(intraOpNumThreads !== undefined && { intraOpNumThreads }),
        ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
        ...(forbidFallback && { extra: { session: { disable_cpu_ep_fallback: '1' } } }),
      },
    });
  const count = threads ?? availableParallelism();
  const runtime = runtimeOf(ort, threads);
  if (provider !== 'cpu' || count === 1) return runtime;
  return {
    ...runtime,
    async lanes() {
      const lanes = Array.from({ length: count }, () => openLane(ort));
      return {
        runtimes: lanes.map((lane) => runtimeOf(lane.ort, 1)),
        close: async () => {
          await Promise.all(lanes.map((lane) => lane.close()));
        },
      };
    },
  };
}
