import { type Command, Option } from 'commander';
import {
  type Binarization,
  balancedLabels,
  binarizations,
  type CodeClassifierConfig,
  type CodeKind,
  resolveClassifier,
} from 'reparam';
import { type App, addRuntimeOptions, wholeOption } from '../app.ts';
import { measureLabels } from '../labels/classify.ts';
import { labelJson, labelRows } from '../labels/figures.ts';
import { describeFacts, fitClassifier } from '../labels/fitClassifier.ts';
import { codePredictor } from '../labels/predictor.ts';
import { openRun } from '../run/openRun.ts';
import { columns } from '../terminal/format.ts';

interface ProbeOptions {
  readonly dataset?: string;
  readonly labels?: number;
  readonly classifier: CodeClassifierConfig['kind'];
  readonly codes: CodeKind;
  readonly binarization: Binarization;
  readonly seed: number;
}

/** `reparam probe`: how much of the labels a run's codes tell. */
export function register(program: Command, app: App): void {
  const command = program
    .command('probe')
    .argument('<run>', 'folder of a run')
    .summary('fit a classifier to codes, measure it on the test set')
    .description(
      'Fit a classifier to the codes of labelled training examples and measure it on those of the test set: how much of the labels the codes of any run tell. The strength of its penalty is chosen on the validation examples of the run, or by cross-validation where it has none. Writes nothing.',
    )
    .option('--dataset <name>', 'another data set: a name or a path; default: the one it was trained on')
    .option('--labels <n>', 'labels that are used, as many of each class; default: all', wholeOption(1))
    .addOption(
      new Option('--classifier <name>', 'which')
        .choices(['logistic-regression', 'linear-svm'])
        .default('logistic-regression'),
    )
    .addOption(new Option('--codes <kind>', 'posterior means, or draws').choices(['mean', 'sample']).default('mean'))
    .addOption(
      new Option('--binarization <mode>', 'how grey values become bits').choices([...binarizations]).default('none'),
    )
    .option('--seed <n>', 'seed of the draw of labels, of bits and codes', wholeOption(0), 0)
    .addHelpText(
      'after',
      `
Examples:
  $ reparam probe runs/mnist-vae-0
  $ reparam probe runs/mnist-vae-0 --labels 100 --seed 3 --classifier linear-svm --json`,
    );
  addRuntimeOptions(command);
  app.action<[string], ProbeOptions>(command, async (session, folder, options) => {
    const { dataset, labels: kept, classifier: kind, codes, binarization, seed } = options;
    const run = await openRun(folder);
    const { model, params, config } = run;
    const all = await run.openData('train', dataset);
    const train = kept === undefined ? all : balancedLabels(all, kept, seed);
    const classifier = resolveClassifier(train, model, { kind, codes, binarization });
    const validation = config.data.validation > 0 ? await run.openData('validation', dataset) : undefined;
    const test = await run.openData('test', dataset);
    const settings = { runtime: await session.runtime(), binarization, seed };
    const { fitted, facts } = await fitClassifier(session, { model, params, train, validation, classifier }, settings);
    const figures = await measureLabels(codePredictor(model, params, classifier, fitted), test, {
      ...settings,
      signal: session.interruptible(),
    });
    return {
      json: {
        run: folder,
        dataset: test.name,
        seed,
        classifier: { ...classifier, ...facts },
        ...(figures && { classification: labelJson(figures) }),
      },
      text: columns(
        [
          ...(figures ? labelRows(figures) : [['the test set has no labels', '']]),
          ['fitted to', describeFacts(facts), ''],
        ],
        '  ',
      ),
    };
  });
}
