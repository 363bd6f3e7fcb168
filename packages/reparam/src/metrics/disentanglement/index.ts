export { type DciScores, dci } from './dci.ts';
export type { FactorScore } from './gap.ts';
export { mutualInformationGap } from './mig.ts';
export { type FactorInformation, mutualInformation } from './mutualInformation.ts';
export { type AttributePredictability, attributePredictability, thresholdAccuracy } from './sap.ts';
