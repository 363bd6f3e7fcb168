import { binarizations } from 'reparam';
import { describe, object, oneOf, positive, whole } from './leaves.ts';

/** A classifier of codes as the second stage of a run. */
export const classifier = describe(
  object({
    kind: describe(
      oneOf(['logistic-regression', 'linear-svm']),
      'multinomial logistic regression, or a linear SVM with squared hinge',
    ),
    codes: describe(
      oneOf(['mean', 'sample']).default('mean'),
      'what stands for an example: the mean of its posterior, or a draw from it',
    ),
    binarization: describe(
      oneOf(binarizations as ['none', 'static', 'dynamic', 'threshold']).optional(),
      'how grey values become bits before they are encoded for the classifier; default: as in training',
    ),
    strength: describe(
      positive().optional(),
      'λ of the penalty λ/2 · ‖W‖²; default: chosen on validation examples, or by cross-validation where there are none',
    ),
    numClasses: describe(whole(2).optional(), 'number of classes; default: that of the data'),
  }),
  'a classifier of codes, fitted to the labelled examples when the model is trained',
);
