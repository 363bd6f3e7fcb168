import { createHash } from 'node:crypto';
import { ReparamError } from '@reparam/tensor';
import { gunzip, isGzip } from '../formats/gzip.ts';
import type { SetFile } from './registry.ts';

/** How far a download has come. */
export interface DownloadProgress {
  readonly file: string;
  readonly url: string;
  /** Bytes received so far. */
  readonly received: number;
  /** Bytes to come in all, when the server says. */
  readonly total?: number;
}

/** Who hears of a download, and how it is cancelled. */
export interface DownloadOptions {
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
}

const silence = 30_000;

/** Lower-case hexadecimal sha256. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Fetches `<mirror><file>.gz` from the first mirror that has the right bytes, and returns them unpacked. When none has: a
 * checksum error if one sent other bytes, else a file error, either listing every address and what went wrong there.
 */
export async function download(
  file: SetFile,
  mirrors: readonly string[],
  options: DownloadOptions,
): Promise<Uint8Array> {
  const failures: string[] = [];
  let otherBytes = false;
  for (const mirror of mirrors) {
    const url = `${mirror}${file.name}.gz`;
    try {
      const packed = await receive(url, file, options);
      const bytes = isGzip(packed) ? gunzip(packed, url, file.bytes) : packed;
      if (sha256(bytes) === file.sha256) return bytes;
      otherBytes = true;
      failures.push(`${url}: sha256 ${sha256(bytes)}`);
    } catch (cause) {
      if (options.signal?.aborted) throw new ReparamError('interrupted', 'download was stopped', { at: url, cause });
      failures.push(`${url}: ${reasonOf(cause)}`);
    }
  }
  throw new ReparamError(otherBytes ? 'checksum' : 'file', `cannot download ${file.name}`, {
    got: failures.join('; '),
    expected: `sha256 ${file.sha256}`,
  });
}

/** The body of a response, at most 1 MiB longer than the unpacked file; gives up after 30 s without a byte. */
async function receive(url: string, file: SetFile, options: DownloadOptions): Promise<Uint8Array> {
  const quiet = new AbortController();
  const stop = () => quiet.abort(new Error(`nothing received for ${silence / 1000} s`));
  let timer = setTimeout(stop, silence);
  try {
    const signal = options.signal ? AbortSignal.any([options.signal, quiet.signal]) : quiet.signal;
    const response = await (options.fetch ?? fetch)(url, { signal });
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    const total = Number(response.headers.get('content-length')) || undefined;
    const limit = file.bytes + 2 ** 20;
    const chunks: Uint8Array[] = [];
    let received = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      timer = setTimeout(stop, silence);
      received += chunk.length;
      if (received > limit) throw new Error(`more than ${limit} bytes`);
      chunks.push(chunk);
      options.onProgress?.({ file: file.name, url, received, total });
    }
    return new Uint8Array(Buffer.concat(chunks));
  } finally {
    clearTimeout(timer);
  }
}

/** `fetch failed` hides its reason in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const inner = cause as NodeJS.ErrnoException | undefined;
  return inner ? `${message} (${inner.code ?? inner.message})` : message;
}
