export { cifar10 } from './cifar10.ts';
export { type DownloadOptions, type DownloadProgress, download, sha256 } from './download.ts';
export { type DatasetInfo, listDatasets } from './listDatasets.ts';
export { cacheFolder, type LocateOptions } from './locate.ts';
export { type NamedOptions, readNamed } from './named.ts';
export { type OpenOptions, openAnyDataset, openDataset, type Split } from './openDataset.ts';
export { datasetNames, fashionMnist, mnist, type NamedSet, namedSets, type SetFile } from './registry.ts';
