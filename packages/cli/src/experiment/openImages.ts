import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import type { Dataset } from 'reparam';
import { datasetNames, openDataset, type Split } from 'reparam/data/node';
import type { Session } from '../app.ts';
import type { DataFacts } from './plan.ts';

/** Training and test images with their labels, and what is known of them. */
export interface Images {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly facts: DataFacts;
}

/** Opens both sets of `dataset`, a name or a path; `testFile` is where the test images of a path lie. Throws `data` without labels. */
export async function openImages(session: Session, dataset: string, testFile: string | undefined): Promise<Images> {
  const open = async (split: Split) => {
    const onWork = (task: string, share: number) => session.bar.update(share, task, `${Math.round(100 * share)} %`);
    const found = await openDataset(dataset, { split, onWork, ...(testFile !== undefined && { testFile }) });
    session.bar.clear();
    if (found.labels) return found;
    throw new ReparamError('data', 'the experiment needs images with labels', {
      got: `a ${split} set without`,
      expected: 'a class for each image: a column of the table, or folders of classes',
      at: dataset,
    });
  };
  const [train, test] = [await open('train'), await open('test')];
  const numClasses = [train, test].flatMap(({ labels }) => [...labels!]).reduce((a, b) => Math.max(a, b), -1) + 1;
  const facts = {
    name: datasetNames.includes(dataset) ? dataset : basename(dataset),
    digest: digestOf(train, test),
    shape: train.shape,
    scale: train.scale,
    numClasses,
    trainSize: train.size,
    testSize: test.size,
    notes: [...new Set([...(train.notes ?? []), ...(test.notes ?? [])])],
  };
  return { train, test, facts };
}

function digestOf(...sets: readonly Dataset[]): string {
  const hash = createHash('sha256');
  for (const { data, labels, shape, scale } of sets) {
    hash
      .update(JSON.stringify([shape, scale]))
      .update(data)
      .update(labels!);
  }
  return hash.digest('hex').slice(0, 16);
}
