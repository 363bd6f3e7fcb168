export * from './balancedLabels.ts';
export * from './batches.ts';
export * from './binarize.ts';
export * from './dataset.ts';
export * from './digits.ts';
export * from './formats/index.ts';
export * from './permutation.ts';
export * from './subset.ts';
