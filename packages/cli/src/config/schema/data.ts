import { binarizations } from 'reparam';
import { z } from 'zod';
import { describe, nonNegative, object, oneOf, positive, text, whole, yesNo } from './leaves.ts';

/** What is trained on. */
export const data = object({
  name: describe(text(), 'data set: a name, or the path of a file'),
  shape: describe(
    z.array(whole(1), 'a list such as [28, 28]').min(1, 'at least one size').optional(),
    'shape of one example',
  ),
  scale: describe(positive().optional(), 'value in the model = stored value × scale'),
  labels: describe(text().optional(), 'file of labels'),
  labelColumn: describe(
    z.union([text(), whole(0), z.literal(false)], 'a name, a number from 0, or false').optional(),
    'label column of a table',
  ),
  header: describe(yesNo().optional(), 'whether the first line of a table is a header'),
  delimiter: describe(text().optional(), 'what separates the fields of a table'),
  dir: describe(text().optional(), 'folder to look in for named sets'),
  validation: describe(nonNegative().default(0), 'examples set aside: a fraction below 1, or a count'),
  test: describe(
    nonNegative().default(0.1),
    'examples of a file without a test split that make one: a fraction or a count',
  ),
  binarization: describe(
    oneOf(binarizations as ['none', 'static', 'dynamic', 'threshold']).optional(),
    'how grey values become bits',
  ),
});
