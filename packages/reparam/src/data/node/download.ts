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

/** A file to fetch, and the sum that says it is the right one. */
export interface WantedFile {
  readonly name: string;
  /** Its size, or that of what it unpacks to: no more is received. */
  readonly bytes: number;
  readonly sum: { readonly kind: 'sha256' | 'md5'; readonly value: string };
  /** What is wanted of the bytes received; default: all as they are. */
  readonly unpack?: (received: Uint8Array, url: string) => Uint8Array;
}

/** Fetches `<mirror><file>.gz` from the first mirror that has the right bytes, and returns them unpacked. */
export const download = (file: SetFile, mirrors: readonly string[], options: DownloadOptions): Promise<Uint8Array> =>
  fetchChecked(
    {
      name: file.name,
      bytes: file.bytes,
      sum: { kind: 'sha256', value: file.sha256 },
      unpack: (received, url) => (isGzip(received) ? gunzip(received, url, file.bytes) : received),
    },
    mirrors.map((mirror) => `${mirror}${file.name}.gz`),
    options,
  );

/**
 * Fetches a file from the first address that has the right bytes. When none has: a checksum error if one sent other bytes,
 * else a file error, either listing every address and what went wrong there.
 */
export async function fetchChecked(
  { name, bytes: size, sum, unpack = (received) => received }: WantedFile,
  urls: readonly string[],
  options: DownloadOptions,
): Promise<Uint8Array> {
  const failures: string[] = [];
  let otherBytes = false;
  for (const url of urls) {
    try {
      const bytes = unpack(await receive(url, { name, bytes: size }, options), url);
      const found = createHash(sum.kind).update(bytes).digest('hex');
      if (found === sum.value) return bytes;
      otherBytes = true;
      failures.push(`${url}: ${sum.kind} ${found}`);
    } catch (cause) {
      if (options.signal?.aborted) throw new ReparamError('interrupted', 'download was stopped', { at: url, cause });
      failures.push(`${url}: ${reasonOf(cause)}`);
    }
  }
  throw new ReparamError(otherBytes ? 'checksum' : 'file', `cannot download ${name}`, {
    got: failures.join('; '),
    expected: `${sum.kind} ${sum.value}`,
  });
}

/** The body of a response, at most 1 MiB longer than the unpacked file; gives up after 30 s without a byte. */
async function receive(
  url: string,
  file: Pick<WantedFile, 'name' | 'bytes'>,
  options: DownloadOptions,
): Promise<Uint8Array> {
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
