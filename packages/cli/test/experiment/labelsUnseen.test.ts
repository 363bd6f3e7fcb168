import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostTensor } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { createDataset, digits, take, writeNpy } from 'reparam';
import { writeFileAtomic } from 'reparam/io/node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Session } from '../../src/app.ts';
import { runCell, writeJob } from '../../src/experiment/cell.ts';
import { methods } from '../../src/experiment/methods.ts';
import { writeSplit } from '../../src/experiment/splitFiles.ts';
import { makeFolders } from '../../src/run/folder.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reparam-unseen-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const session: Session = {
  say() {},
  warn() {},
  bar: { update() {}, clear() {} },
  runtime: () => nodeRuntime(),
  interruptible: () => new AbortController().signal,
};

/** A cell's figures, with labels of test images and hidden labels each turned on by `turn` classes in the files. */
async function cell(method: string, turn: number) {
  const labelsOf = (values: Int32Array) => values.map((label) => (label < 0 ? -1 : (label + turn) % 10));
  const { features, classifier } = methods.find(({ name }) => name === method)!;
  const [train, test] = [take(digits('train'), 400), take(digits('test'), 100)];
  const files = await writeSplit(join(folder, 'data', `${turn}`), { train, test }, 50, 0);
  const { labels, scale } = createDataset({ ...test, labels: test.labels! });
  await writeFileAtomic(files.testLabels, writeNpy(hostTensor(labelsOf(labels!), [test.size])));
  const hidden = train.labels!.map((label) => label);
  await writeFileAtomic(files.hiddenLabels!, writeNpy(hostTensor(labelsOf(hidden), [train.size])));
  const own = join(folder, `${method}-${turn}`);
  await makeFolders(own);
  await writeJob(own, { features, classifier, numClasses: 10, seed: 0, networks: [], files, scale, modelSeconds: 0 });
  return runCell(session, own);
}

it('labels of test images and hidden labels decide the figures, and nothing that is fitted or chosen', async () => {
  const plain = await cell('pixels', 0);
  const turned = await cell('pixels', 1);
  expect(turned.fitting).toEqual(plain.fitting);
  expect(plain.test.accuracy).toBeGreaterThan(0.6);
  // Predictions are those of the true classes, so that few of them are the class that comes next.
  expect(turned.test.accuracy).toBeLessThan(0.15);
  expect(turned.unlabelled!.accuracy).toBeLessThan(0.15);
  expect(plain.unlabelled!.rows).toBe(350);
});
