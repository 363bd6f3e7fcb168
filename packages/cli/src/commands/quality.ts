import { type Float32Tensor, hostTensor, ReparamError } from '@reparam/tensor';
import type { Command } from 'commander';
import {
  classificationFigures,
  type Dataset,
  decodeMeans,
  encode,
  type Features,
  type FittedNetwork,
  featuresOf,
  fitMixture,
  frechetDistance,
  labelledFeaturesOf,
  mlp,
  moments,
  neuralNetwork,
  reconstruct,
  sample,
  take,
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
    const { features, labels } = labelledFeaturesOf(train);
    const classifier = await neuralNetwork({ encoder: mlp([256, 64]) }).fit(features, labels, {
      numClasses: labels.reduce((a, b) => Math.max(a, b), 0) + 1,
      runtime,
      seed,
      signal,
      onProgress: progress('classifier'),
    });
    const accuracy = await accuracyOf(classifier, test);
    const some = take(test, count);
    const decoding = { runtime, signal };

    const momentsOf = async (images: Features) => {
      const data = await classifier.codes(images);
      return moments({ data, rows: images.rows, columns: classifier.codeSize });
    };
    const width = features.columns;
    const imagesOf = (data: Float32Array): Features => ({ data, rows: data.length / width, columns: width });
    const real = await momentsOf(featuresOf(some));
    const distances: Record<string, number> = {};
    const measure = async (name: string, images: Features) => {
      session.bar.clear();
      distances[name] = frechetDistance(real, await momentsOf(images));
    };
    await measure('training images', featuresOf(take(train, count)));
    const reconstructed = await reconstruct(model, params, some, { ...decoding, binarization, seed });
    await measure('reconstructions', imagesOf(reconstructed.mean.data));
    const prior = await sample(model, params, count, { ...decoding, seed, onProgress: progress('prior') });
    await measure('samples, prior', imagesOf(prior.mean.data));
    const mixture = await mixtureCodes(run, train, { count, components, seed, session, decoding });
    await measure('samples, mixture of codes', imagesOf((await decodeMeans(model, params, mixture, decoding)).data));

    const ratio = distances['samples, mixture of codes']! / distances['samples, prior']!;
    return {
      json: { run: folder, count, components, seed, classifierAccuracy: accuracy, distances, ratio },
      text: [
        `Fréchet distance to ${some.size} test images on ${classifier.codeSize} features of a classifier trained here (test accuracy ${(100 * accuracy).toFixed(1)} %)`,
        columns(
          Object.entries(distances).map(([name, value]) => [name, value.toFixed(2)]),
          '  ',
        ),
        `  mixture / prior: ${ratio.toFixed(2)}`,
      ].join('\n'),
    };
  });
}

async function accuracyOf(classifier: FittedNetwork, test: Dataset): Promise<number> {
  const { features, labels } = labelledFeaturesOf(test);
  return classificationFigures(await classifier.predict(features), labels, classifier.numClasses).accuracy.value;
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
