import { type Float32Tensor, hostTensor, ReparamError } from '@reparam/tensor';
import type { Command } from 'commander';
import {
  type Dataset,
  decodeMeans,
  encode,
  fitMixture,
  frechetDistance,
  moments,
  reconstruct,
  sample,
  take,
  trainClassifier,
} from 'reparam';
import { type App, addRuntimeOptions, type Session, wholeOption } from '../app.ts';
import { someInMemory } from '../data.ts';
import { openRun, type Run } from '../run/openRun.ts';
import { columns } from '../terminal/format.ts';

interface QualityOptions {
  readonly count: number;
  readonly components: number;
  readonly seed?: number;
}

/** `reparam quality`: how far samples are from the data, drawn from the prior and from a mixture fitted to the codes. */
export function register(program: Command, app: App): void {
  const command = program
    .command('quality')
    .argument('<run>', 'folder of a run')
    .summary('measure samples: Fréchet distance to the data, prior against mixture of codes')
    .description(
      'Train a small classifier on the labels of the run’s data set and measure the Fréchet distance between its features of generated and of test images. Samplers: the model’s prior, and a mixture of Gaussians fitted to the codes of the training data. The distance is that of this classifier: it compares samplers and models on one data set, and is not the FID of the literature.',
    )
    .option('--count <n>', 'images of each kind', wholeOption(100), 10_000)
    .option('--components <k>', 'components of the mixture', wholeOption(1), 10)
    .option('--seed <n>', 'seed of the classifier and of the draws; default: the run’s', wholeOption(0))
    .addHelpText(
      'after',
      `
Examples:
  $ reparam quality runs/mnist-ae-0
  $ reparam quality runs/mnist-vae-0 --components 20 --json`,
    );
  addRuntimeOptions(command);
  app.action<[string], QualityOptions>(command, async (session, folder, { count, components, seed: given }) => {
    const run = await openRun(folder);
    const { model, params, config, binarization } = run;
    const seed = given ?? config.training.seed;
    if (model.conditionSize !== undefined) {
      throw new ReparamError('unsupported', 'quality is measured for models without a condition', {
        got: config.preset,
        fix: `Look at what it draws: reparam sample ${folder}`,
      });
    }
    const [train, test] = [someInMemory(await run.openData('train')), someInMemory(await run.openData('test'))];
    const runtime = await session.runtime();
    const signal = session.interruptible();
    const progress = (doing: string) => (share: number) =>
      session.bar.update(share, doing, `${Math.round(100 * share)} %`);
    const classifier = await trainClassifier(train, { runtime, seed, signal, onProgress: progress('classifier') });
    const accuracy = await accuracyOf(classifier, test);
    const some = take(test, count);
    const decoding = { runtime, signal };

    const featuresOf = async (images: Float32Array) => {
      const data = await classifier.features(images);
      return moments({ data, rows: data.length / classifier.numFeatures, columns: classifier.numFeatures });
    };
    const real = await featuresOf(valuesOf(some));
    const distances: Record<string, number> = {};
    const measure = async (name: string, images: Float32Array) => {
      session.bar.clear();
      distances[name] = frechetDistance(real, await featuresOf(images));
    };
    await measure('training images', valuesOf(take(train, count)));
    const reconstructed = await reconstruct(model, params, some, { ...decoding, binarization, seed });
    await measure('reconstructions', reconstructed.mean.data);
    const prior = await sample(model, params, count, { ...decoding, seed, onProgress: progress('prior') });
    await measure('samples, prior', prior.mean.data);
    const mixture = await mixtureCodes(run, train, { count, components, seed, session, decoding });
    await measure('samples, mixture of codes', (await decodeMeans(model, params, mixture, decoding)).data);

    const ratio = distances['samples, mixture of codes']! / distances['samples, prior']!;
    return {
      json: { run: folder, count, components, seed, classifierAccuracy: accuracy, distances, ratio },
      text: [
        `Fréchet distance to ${some.size} test images on ${classifier.numFeatures} features of a classifier trained here (test accuracy ${(100 * accuracy).toFixed(1)} %)`,
        columns(
          Object.entries(distances).map(([name, value]) => [name, value.toFixed(2)]),
          '  ',
        ),
        `  mixture / prior: ${ratio.toFixed(2)}`,
      ].join('\n'),
    };
  });
}

/** Values in the model's units: what the model saw before any of it became bits. */
const valuesOf = ({ data, scale }: Dataset): Float32Array => Float32Array.from(data, (value) => value * scale);

async function accuracyOf(classifier: Awaited<ReturnType<typeof trainClassifier>>, test: Dataset): Promise<number> {
  const labels = test.labels ?? new Int32Array();
  const found = await classifier.classify(valuesOf(test));
  return found.filter((label, i) => label === labels[i]).length / found.length;
}

/** Draws from a mixture of Gaussians fitted to the posterior means of the training data. */
async function mixtureCodes(
  { model, params, binarization }: Run,
  train: Dataset,
  options: {
    count: number;
    components: number;
    seed: number;
    session: Session;
    decoding: { runtime: Parameters<typeof sample>[3]['runtime']; signal: AbortSignal };
  },
): Promise<Float32Tensor> {
  const { count, components, seed, session, decoding } = options;
  const some = take(train, Math.max(count, 20_000));
  const { mean } = await encode(model, params, some, { ...decoding, binarization, seed });
  const columns = model.latentDim;
  const mixture = fitMixture(
    { data: mean.data, rows: some.size, columns },
    {
      components,
      seed,
      maxIterations: 100,
      onIteration: (done) => session.bar.update(done / 100, 'mixture of codes', `step ${done}`),
    },
  );
  return hostTensor(Float32Array.from(mixture.sample(count, seed)), [count, columns]);
}
