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
  labels: describe(
    z.union([text(), whole(1)], 'the path of a file, or how many labels to keep').optional(),
    'file of labels; or how many labels training is given, as many of each class, the others forgotten',
  ),
  labelSeed: describe(whole(0).optional(), 'seed of the draw of labels that are kept; default: training.seed'),
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
  testFile: describe(text().optional(), 'file or folder whose examples are the test split'),
  testLabels: describe(text().optional(), 'file of labels of the test file'),
  resize: describe(
    z.union([whole(1), z.array(whole(1)).length(2)], 'a size such as 32, or [height, width]').optional(),
    'size that images are brought to: the mean over an area where they shrink, linear where they grow',
  ),
  crop: describe(oneOf(['none', 'center']).optional(), 'center: the largest square in the middle of each image'),
  channels: describe(
    z.union([z.literal(1), z.literal(3)], '1 or 3').optional(),
    '1: images become grey, 3: coloured; default: as the first',
  ),
  skipCorrupt: describe(yesNo().optional(), 'leave out images that cannot be read, and count them'),
  stream: describe(
    yesNo().optional(),
    'leave the data in their file and read as needed; default: above data.memoryLimit, where the format allows it',
  ),
  memoryLimit: describe(whole(0).optional(), 'bytes above which data are streamed; default 1 GiB'),
  shuffleBuffer: describe(whole(1).optional(), 'bytes of streamed data shuffled together; default 64 MiB'),
  binarization: describe(
    oneOf(binarizations as ['none', 'static', 'dynamic', 'threshold']).optional(),
    'how grey values become bits',
  ),
});
