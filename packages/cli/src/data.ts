import { type AnyDataset, type Dataset, isStreamed, take } from 'reparam';
import { type DownloadProgress, openAnyDataset, type Split } from 'reparam/data/node';
import type { Session } from './app.ts';
import type { DataConfig } from './config/schema.ts';

/**
 * Opens a split of the data a configuration names: in memory, or streamed from its file when the configuration or its size
 * says so. Downloads, decoding and the first pass over a streamed set show on the bar of `session`.
 */
export async function openData(config: DataConfig, split: Split, session?: Session): Promise<AnyDataset> {
  const { name, dir, binarization: _, labelSeed: _seed, labels, ...options } = config;
  const dataset = await openAnyDataset(name, {
    ...options,
    split,
    ...(typeof labels === 'string' && { labels }),
    ...(dir !== undefined && { dataDir: dir }),
    ...(session && {
      onProgress: (progress: DownloadProgress) => showDownload(session, progress),
      onWork: (task: string, share: number) => session.bar.update(share, task, `${Math.round(100 * share)} %`),
    }),
  });
  session?.bar.clear();
  return dataset;
}

/** Most examples of a streamed set that figures and measures of quality are made from. */
export const mostInMemory = 10_000;

/** `dataset` when it is in memory; the first 10,000 examples of one that is streamed. */
export const someInMemory = (dataset: AnyDataset): Dataset =>
  isStreamed(dataset) ? take(dataset, mostInMemory) : dataset;

function showDownload(session: Session, { file, received, total }: DownloadProgress): void {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const size = total === undefined ? '' : ` of ${megabytes(total)}`;
  session.bar.update(total ? received / total : 0, `downloading ${file}`, `${megabytes(received)}${size} MB`);
}
