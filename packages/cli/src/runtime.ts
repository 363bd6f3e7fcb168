import { interpreter, ReparamError, type Runtime } from '@reparam/tensor';
import { type NodeRuntimeOptions, nodeRuntime } from '@reparam/tensor/node';
import { webRuntime } from '@reparam/tensor/web';

export interface RuntimeChoice {
  readonly runtime?: 'node' | 'wasm' | 'reference';
  readonly provider?: NodeRuntimeOptions['provider'];
  readonly threads?: number;
}

/**
 * What runs the programs: the one asked for, else `onnxruntime-node`, else `onnxruntime-web` (wasm) with a note of what
 * that costs. Throws `runtime` when what was asked for cannot be loaded.
 */
export async function openRuntime(choice: RuntimeChoice, note: (text: string) => void): Promise<Runtime> {
  const { runtime, provider, threads } = choice;
  if (runtime === 'reference') return interpreter;
  const native = { ...(provider && { provider }), ...(threads !== undefined && { threads }) };
  const wasm = threads === undefined ? {} : { threads };
  if (runtime === 'wasm') return webRuntime(wasm);
  try {
    return await nodeRuntime(native);
  } catch (error) {
    const isMissing = error instanceof ReparamError && error.code === 'runtime';
    if (!isMissing || runtime === 'node' || provider !== undefined) throw error;
    const web = await webRuntime(wasm);
    note(
      `onnxruntime-node is not available here (${error.got}): going on with onnxruntime-web (wasm), about 8 times slower`,
    );
    return web;
  }
}
