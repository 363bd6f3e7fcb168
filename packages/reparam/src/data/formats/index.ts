export * from './csv.ts';
export type { Element, RawArray, RawData } from './elements.ts';
export * from './fromArray.ts';
export { gunzip, isGzip } from './gzip.ts';
export * from './idx.ts';
export * from './npy.ts';
export * from './npz.ts';
export * from './parse.ts';
