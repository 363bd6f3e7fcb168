import type { Dataset } from 'reparam';
import { type DownloadProgress, openDataset, type Split } from 'reparam/data/node';
import type { Session } from './app.ts';
import type { DataConfig } from './config/schema.ts';

/** Opens a split of the data a configuration names; downloads show on the bar of `session`. */
export async function openData(config: DataConfig, split: Split, session?: Session): Promise<Dataset> {
  const { name, dir, binarization: _, ...options } = config;
  const dataset = await openDataset(name, {
    ...options,
    split,
    ...(dir !== undefined && { dataDir: dir }),
    ...(session && { onProgress: (progress: DownloadProgress) => showDownload(session, progress) }),
  });
  session?.bar.clear();
  return dataset;
}

function showDownload(session: Session, { file, received, total }: DownloadProgress): void {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const size = total === undefined ? '' : ` of ${megabytes(total)}`;
  session.bar.update(total ? received / total : 0, `downloading ${file}`, `${megabytes(received)}${size} MB`);
}
