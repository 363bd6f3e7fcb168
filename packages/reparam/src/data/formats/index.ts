export { cifar10Classes, parseCifar10 } from './cifar.ts';
export { type CsvOptions, type CsvTable, parseCsv, writeCsv } from './csv.ts';
export type { Element, RawArray, RawData } from './elements.ts';
export { defaultScale, type FromArrayOptions, fromArray, labelsOf } from './fromArray.ts';
export { gunzip, isGzip } from './gzip.ts';
export { parseIdx } from './idx.ts';
export { parseNpy, writeNpy } from './npy.ts';
export * from './npz.ts';
export { type Format, formatOf, type ParsedFile, type ParseOptions, parseDataset } from './parse.ts';
