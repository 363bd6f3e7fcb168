import {
  broadcastTo,
  exportOnnx,
  input,
  type NoiseKind,
  ReparamError,
  reshape,
  type Shape,
  type Spec,
  sigmoid,
  sizeOf,
  softmax,
  spec,
  symbolicDim,
  type Tensor,
} from '@reparam/tensor';
import { type DrawNoise, noiseContext } from '../context.ts';
import { Bernoulli, type Distribution, Independent, Normal } from '../distributions/index.ts';
import type { LatentModel } from '../models/index.ts';
import { constants, type HostParams, type SymbolicParams } from '../params.ts';
import { version } from '../version.ts';
import { diagonalOf } from './encode.ts';

/** Options of the ONNX exports. */
export interface ExportOptions {
  /** Further entries for the file's metadata: the run, the data set. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const batch = symbolicDim('batch');

/**
 * The encoder as an ONNX model with its parameters inside, for any batch size.
 * Inputs: `x` [batch, ...dataShape] in the model's units; `condition` [batch, conditionSize] of a conditional model; `noise` [batch, latentDim], standard normal (zeros give z = loc).
 * Outputs: `loc` and `scale` of q(z given x), and `z` = loc + scale · noise, [batch, latentDim]. A posterior that is no
 * diagonal normal gives `mean` and `z`; one with several draws has inputs `noise_1`, `noise_2`, …. The metadata names all. A
 * model that predicts labels from its code has the output `labels` [batch, numLabels], their probabilities given z: those at
 * the mean code for zeros, whose average over draws of the noise is the model's prediction.
 */
export function exportEncoder(model: LatentModel, params: HostParams, { metadata }: ExportOptions = {}): Uint8Array {
  const baked = constants(params);
  const { conditionSize } = model;
  const posterior = (x: Tensor, condition: Tensor | undefined, draw: DrawNoise) => {
    const context = noiseContext(draw, { condition });
    const q = model.encode(baked, reshape(x, [batch, sizeOf(model.dataShape)]), context);
    return { q, z: q.rsample(context.site('z')) };
  };
  const given = conditionSpec(model);

  // A first trace finds out which noise the posterior draws; the second takes it from inputs.
  const draws = new Map<string, { kind: NoiseKind; shape: Shape }>();
  const { q } = posterior(
    input('x', [batch, ...model.dataShape]),
    conditionSize === undefined ? undefined : input('condition', [batch, conditionSize]),
    (site, kind, shape) => {
      draws.set(site, { kind, shape });
      return input(site, shape);
    },
  );
  const sites = [...draws.keys()];
  const nameOf = (site: string) => (sites.length === 1 ? 'noise' : `noise_${sites.indexOf(site) + 1}`);
  const specs: Record<string, Spec> = { x: spec([batch, ...model.dataShape]), ...given };
  for (const [site, { shape }] of draws) specs[nameOf(site)] = spec(shape);
  const noise = [...draws].map(([site, { kind }]) => `; ${nameOf(site)}: ${noiseKinds[kind]}`).join('');
  const codes = diagonalOf(q) ? 'loc and scale of q(z given x), z = loc + scale * noise' : 'mean of q(z given x), z';
  const labels = labelProbabilities(model, baked);
  const outputs = labels ? `${codes}, labels: their probabilities given z` : codes;

  return exportOnnx(
    (inputs: Record<string, Tensor>) => {
      const { q: now, z } = posterior(inputs.x!, inputs.condition, (site) => inputs[nameOf(site)]!);
      const normal = diagonalOf(now);
      const own: Record<string, Tensor> = normal
        ? { loc: normal.loc, scale: broadcastTo(normal.scale, z.shape) }
        : { mean: now.mean };
      return { ...own, z, ...(labels && { labels: labels(z) }) };
    },
    specs as never,
    describe(
      model,
      'encoder q(z given x)',
      { input: `x in ${unitsOf(model)}${conditionText(model)}${noise}`, output: outputs },
      metadata,
    ),
  );
}

/**
 * The decoder as an ONNX model with its parameters inside, for any batch size.
 * Input: `z` [batch, latentDim], and `condition` of a conditional model. Outputs [batch, ...dataShape]: `mean` of p(x given z) in the model's units, and `logits` of a
 * Bernoulli or `scale` of a Gaussian likelihood.
 */
export function exportDecoder(model: LatentModel, params: HostParams, { metadata }: ExportOptions = {}): Uint8Array {
  const baked = constants(params);
  const shaped = (t: Tensor) => reshape(t, [batch, ...model.dataShape]);
  return exportOnnx(
    ({ z, condition }: { z: Tensor; condition?: Tensor }) => {
      const likelihood = model.decode(baked, z, noiseContext(noNoise, { condition }));
      const { mean } = likelihood;
      const others = Object.entries(parametersOf(likelihood)).map(([name, t]) => [
        name,
        shaped(broadcastTo(t, mean.shape)),
      ]);
      return { mean: shaped(mean), ...(Object.fromEntries(others) as Record<string, Tensor>) };
    },
    { z: spec([batch, model.latentDim]), ...conditionSpec(model) } as never,
    describe(
      model,
      'decoder p(x given z)',
      {
        input: `z, a code${conditionText(model)}`,
        output: `mean of p(x given z) in ${unitsOf(model)}, and the likelihood's parameters`,
      },
      metadata,
    ),
  );
}

/** A classifier of codes as a part of a program: log-probabilities or margins [batch, K] of codes [batch, latentDim]. */
export interface CodeScores {
  readonly score: (codes: Tensor) => Tensor;
  readonly hasProbabilities: boolean;
}

/** Options of `exportClassifier`. */
export interface ExportClassifierOptions extends ExportOptions {
  /** A classifier fitted to codes of the model, where that does not tell labels itself. */
  readonly ofCodes?: CodeScores | undefined;
}

/**
 * What tells the labels of an example as an ONNX model with its parameters inside, for any batch size. Input: `x` [batch,
 * ...dataShape] in the model's units. Output: `labels` [batch, K], their probabilities, or `margins` of a classifier that
 * gives none. Where labels are told from the code, it is the mean of q(z given x). Throws `config` where nothing tells labels.
 */
export function exportClassifier(
  model: LatentModel,
  params: HostParams,
  { ofCodes, metadata }: ExportClassifierOptions = {},
): Uint8Array {
  const { labels } = model;
  if (!labels && !ofCodes) {
    throw new ReparamError('config', 'the model predicts no labels', {
      fix: 'Fit a classifier on its codes: fitOnCodes',
    });
  }
  const baked = constants(params);
  const context = noiseContext(noNoise);
  const link = (t: Tensor) => (ofCodes || labels!.kind === 'categorical' ? softmax(t) : sigmoid(t));
  const fromCode = ofCodes?.score ?? (labels!.fromCode && ((z: Tensor) => labels!.fromCode!(baked, z, context)));
  const name = ofCodes?.hasProbabilities === false ? 'margins' : 'labels';
  return exportOnnx(
    ({ x }: { x: Tensor }) => {
      const rows = reshape(x, [batch, sizeOf(model.dataShape)]);
      const scores = fromCode
        ? fromCode(model.encode(baked, rows, context).mean)
        : labels!.logits(baked, rows, context);
      return { [name]: name === 'margins' ? scores : link(scores) };
    },
    { x: spec([batch, ...model.dataShape]) } as never,
    describe(
      model,
      'classifier of x',
      {
        input: `x in ${unitsOf(model)}`,
        output: `${name}: ${name === 'labels' ? 'their probabilities' : 'the largest is the class'}${fromCode ? ', at the mean of q(z given x)' : ''}`,
      },
      metadata,
    ),
  );
}

/** Probabilities [batch, numLabels] of labels from codes, where the model has them. */
function labelProbabilities({ labels }: LatentModel, params: SymbolicParams): ((z: Tensor) => Tensor) | undefined {
  if (!labels?.fromCode) return undefined;
  const link = labels.kind === 'categorical' ? softmax : sigmoid;
  return (z) => link(labels.fromCode!(params, z, noiseContext(noNoise)));
}

/** The input of a conditional model, [batch, conditionSize]. */
const conditionSpec = ({ conditionSize }: LatentModel): Readonly<Record<string, Spec>> =>
  conditionSize === undefined ? {} : { condition: spec([batch, conditionSize]) };

const conditionText = ({ conditionSize }: LatentModel): string =>
  conditionSize === undefined ? '' : `; condition: the ${conditionSize} values beside the example, one-hot for a class`;

const noiseKinds: Record<NoiseKind, string> = { normal: 'standard normal', uniform: 'uniform on (0, 1)' };

const unitsOf = (model: LatentModel): string =>
  model.support === 'binary' ? 'model units: probabilities or bits, 0 to 1' : 'model units: real numbers';

function parametersOf(likelihood: Distribution): Record<string, Tensor> {
  const base = likelihood instanceof Independent ? likelihood.base : likelihood;
  if (base instanceof Bernoulli) return { logits: base.logits };
  if (base instanceof Normal) return { scale: base.scale };
  return {};
}

function describe(
  model: LatentModel,
  part: string,
  units: Readonly<Record<'input' | 'output', string>>,
  metadata: Readonly<Record<string, string>> = {},
) {
  const { likelihood, prior, posterior } = model.describe();
  return {
    description: `Variational autoencoder: ${part}`,
    metadata: {
      part,
      ...units,
      likelihood,
      prior,
      posterior,
      latentDim: String(model.latentDim),
      dataShape: JSON.stringify(model.dataShape),
      reparamVersion: version,
      ...metadata,
    },
  };
}

function noNoise(site: string): never {
  throw new ReparamError('unsupported', 'a decoder or classifier that draws noise cannot be exported', { at: site });
}
