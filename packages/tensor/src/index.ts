export * from './errors.ts';
export * from './host.ts';
export * from './random/index.ts';
export * from './tree.ts';
