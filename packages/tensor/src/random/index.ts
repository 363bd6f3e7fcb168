export * from './key.ts';
export * from './noise.ts';
export * from './normal.ts';
export * from './threefry.ts';
