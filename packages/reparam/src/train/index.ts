export { fit, type Training } from './fit.ts';
export type { EarlyStopping, EpochReport, FitOptions, FitProgress, Terms, TrainingState } from './fitOptions.ts';
export {
  compileTrainingStep,
  type StepBatch,
  type StepState,
  type TrainingStep,
  type TrainingStepOptions,
} from './trainingStep.ts';
