import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { ReparamError } from '../errors.ts';
import type { OrtModule } from '../runtime/ort.ts';

/** What a worker does: it holds sessions and runs them. Plain text, so that it needs no file of its own beside a bundle. */
const workerCode = `
const { parentPort, workerData } = require('node:worker_threads');
const ort = require(workerData);
const sessions = new Map();
const calls = {
  async create({ session, model, options }) {
    sessions.set(session, await ort.InferenceSession.create(model, options));
    return sessions.get(session).inputNames;
  },
  async run({ session, feeds }) {
    const inputs = Object.fromEntries(feeds.map(([name, { type, dims, data }]) => [name, new ort.Tensor(type, data, dims)]));
    const results = await sessions.get(session).run(inputs);
    return Object.entries(results).map(([name, { type, dims, data }]) => [name, { type, dims, data }]);
  },
  async release({ session }) {
    await sessions.get(session).release();
    sessions.delete(session);
  },
};
parentPort.on('message', async ({ id, call, given }) => {
  if (call === 'close') return parentPort.close();
  try {
    parentPort.postMessage({ id, value: await calls[call](given) });
  } catch (error) {
    parentPort.postMessage({ id, error: String(error && error.message || error) });
  }
});
`;

type PlainTensor = Pick<Tensor, 'type' | 'dims' | 'data'>;

/** ONNX Runtime in a thread of its own: calls of several lanes run at the same time. Arguments and results are copied. */
export interface Lane {
  readonly ort: OrtModule;
  close(): Promise<void>;
}

/** Opens a lane. `Tensor` makes the tensors that come back. */
export function openLane({ Tensor: TensorOf }: OrtModule): Lane {
  const worker = new Worker(workerCode, {
    eval: true,
    workerData: createRequire(import.meta.url).resolve('onnxruntime-node'),
  });
  worker.unref();
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const failAll = (message: string) => {
    for (const { reject } of waiting.values()) {
      reject(new ReparamError('runtime', 'a thread of the runtime stopped', { got: message }));
    }
    waiting.clear();
  };
  worker.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
    const { resolve, reject } = waiting.get(id)!;
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if (error === undefined) resolve(value);
    else reject(new Error(error));
  });
  worker.on('error', ({ message }) => failAll(message));
  worker.on('exit', (code) => failAll(`exit code ${code}`));

  let calls = 0;
  const pending = new Set<Promise<unknown>>();
  const call = <T>(name: string, given: unknown): Promise<T> => {
    const answer = new Promise<T>((resolve, reject) => {
      const id = calls++;
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      worker.ref();
      worker.postMessage({ id, call: name, given });
    });
    pending.add(answer);
    return answer.finally(() => pending.delete(answer));
  };

  let sessions = 0;
  const create = async (model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> => {
    const session = sessions++;
    const inputNames = await call<string[]>('create', { session, model, options });
    const plain = ({ type, dims, data }: PlainTensor) => ({ type, dims, data });
    return {
      inputNames,
      async run(inputs: Record<string, Tensor>) {
        const feeds = Object.entries(inputs).map(([name, tensor]) => [name, plain(tensor)]);
        const results = await call<[string, PlainTensor][]>('run', { session, feeds });
        return Object.fromEntries(
          results.map(([name, { type, dims, data }]) => [
            name,
            new TensorOf(type as 'float32', data as Float32Array, dims),
          ]),
        );
      },
      release: () => call<void>('release', { session }),
    } as unknown as InferenceSession;
  };
  return {
    ort: { InferenceSession: { create }, Tensor: TensorOf },
    async close() {
      // A thread that is stopped within a call takes the process with it.
      await Promise.allSettled(pending);
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      worker.ref();
      worker.postMessage({ call: 'close' });
      await ended;
    },
  };
}
