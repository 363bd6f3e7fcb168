import { ReparamError, type Runtime } from '@reparam/tensor';
import type { Run } from '../run/openRun.ts';
import { readClassifier } from './classifierFile.ts';
import { codePredictor, modelPredictor, type Predictor } from './predictor.ts';

/** What predicts labels of `run`: the classifier of its codes, else its model; undefined where neither does, or not yet. */
export async function runPredictor(
  { folder, config, model, params }: Run,
  runtime: Runtime,
): Promise<Predictor | undefined> {
  const { classifier } = config;
  if (!classifier) return modelPredictor(model, params);
  const stored = await readClassifier(folder, classifier, model.latentDim, runtime);
  return stored && codePredictor(model, params, classifier, stored.fitted);
}

/** The same; a `config` error says what would predict labels. */
export async function requirePredictor(run: Run, runtime: Runtime): Promise<Predictor> {
  const predictor = await runPredictor(run, runtime);
  if (predictor) return predictor;
  const { config, folder } = run;
  throw config.classifier
    ? new ReparamError('config', 'the classifier of the run is not fitted yet', {
        fix: `Finish the run: reparam resume ${folder}`,
        at: folder,
      })
    : new ReparamError('config', 'the run predicts no labels', {
        got: `a run of the preset ${config.preset}, without model.labels and classifier`,
        expected: 'a run that was trained with labels',
        fix: `Train one that does: reparam train ${config.data.name} --preset m1`,
        at: folder,
      });
}
