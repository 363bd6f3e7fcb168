import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { buildModel, findPreset, type LatentModel, type ModelConfig } from 'reparam';
import { architectureDiagram, type ComputationOptions, computationDiagram, plateDiagram } from 'reparam/plot';
import type { App } from '../app.ts';
import { requireExtension, writeChart } from '../pictureFile.ts';
import { runFiles } from '../run/folder.ts';
import { exists, openRun } from '../run/openRun.ts';

const kinds = ['architecture', 'plate', 'computation'] as const;

interface DiagramOptions {
  readonly kind: (typeof kinds)[number];
  readonly shape: readonly number[];
  readonly out?: string;
}

/** `reparam diagram`: what a model consists of. */
export function register(program: Command, app: App): void {
  const command = program
    .command('diagram')
    .argument('<run|preset>', 'folder of a run, or the name of a preset')
    .summary('draw a model: its layers, its variables or its computation: SVG or PNG')
    .description(
      'Draw the layers of a model, its variables on a plate, or its computation before and after reparameterisation.',
    )
    .addOption(new Option('--kind <name>', 'which diagram').choices(kinds).default('architecture'))
    .option('--shape <sizes>', 'shape of the examples of a preset', shapeOption, [28, 28])
    .option('--out <file>', 'ending in .svg or .png; default: <kind>.svg in the run folder, or here for a preset')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam diagram runs/mnist-vae-0
  $ reparam diagram vae --kind computation --out reparameterisation.png`,
    );
  app.action<[string], DiagramOptions>(command, async (_, name, { kind, shape, out }) => {
    if (out !== undefined) requireExtension(out, '.svg', '.png');
    const isRun = await exists(join(name, runFiles.config));
    const { model, posterior, title } = isRun ? await ofRun(name) : ofPreset(name, shape);
    const svg = {
      architecture: () => architectureDiagram(model, title),
      plate: () => plateDiagram({ title, ...variablesOf(model) }),
      computation: () => computationDiagram({ title, ...computationOf(posterior) }),
    }[kind]();
    const path = out ?? (isRun ? join(name, `${kind}.svg`) : `${kind}.svg`);
    return writeChart(path, svg, `${kind} of ${title}`, { kind, of: name });
  });
}

interface Drawn {
  readonly model: LatentModel;
  /** Kind of the posterior. */
  readonly posterior: string;
  readonly title: string;
}

async function ofRun(folder: string): Promise<Drawn> {
  const { model, config } = await openRun(folder);
  return { model, posterior: computationKind(model, config.model), title: `${config.preset} on ${config.data.name}` };
}

function ofPreset(name: string, shape: readonly number[]): Drawn {
  const { model } = findPreset(name).recipe;
  // Without data a preset of ten classes stands for any.
  const condition = model.condition?.kind === 'labels' ? { numClasses: 10, ...model.condition } : model.condition;
  const labels = model.labels && { numLabels: 10, ...model.labels };
  const built = buildModel({ ...model, condition, labels }, shape);
  return { model: built, posterior: computationKind(built, model), title: name };
}

/** Key of `computations`: of a flow the posterior of the configuration means nothing. */
const computationKind = ({ bound }: LatentModel, { flow, posterior }: ModelConfig): string =>
  bound === 'exact' ? 'exact' : flow ? 'flow-vae' : posterior.kind;

/** Layers and conditions, as the model itself says. */
function variablesOf(model: LatentModel) {
  const { prior } = model.describe();
  return {
    layers: /\bz[2₂]/.test(prior) ? 2 : 1,
    conditional: model.conditionSize !== undefined,
    conditionalPrior: model.conditionSize !== undefined && /\bc\b/.test(prior),
  };
}

const normalNoise = 'ε ~ N(0, I)';

/** How each kind of posterior draws. */
const computations: Readonly<Record<string, ComputationOptions>> = {
  diagonal: {},
  'shared-variance': {},
  'full-covariance': { statistics: 'μ, L', draw: 'z ~ N(μ, LLᵀ)', transform: 'z = μ + L · ε', noise: normalNoise },
  'flow-vae': { statistics: 'x', draw: 'z ~ q(z|x)', transform: 'z = f(x + s · ε)', noise: normalNoise },
  flow: { statistics: 'μ, σ', draw: 'z ~ q(z|x)', transform: 'z = f(μ + σ · ε)', noise: normalNoise },
};

function computationOf(posterior: string): ComputationOptions {
  if (posterior === 'delta' || posterior === 'exact') {
    throw new ReparamError('config', 'nothing to reparameterise', {
      got: posterior === 'delta' ? 'a posterior that is one point' : 'a flow, whose log-likelihood is exact',
      expected: 'a posterior that is drawn from',
    });
  }
  return (
    computations[posterior] ?? {
      statistics: 'parameters of q(z|x)',
      draw: 'z ~ q(z|x)',
      transform: 'z = g(x, ε)',
      noise: 'ε',
    }
  );
}

function shapeOption(text: string): number[] {
  const sizes = text.split(',').map(Number);
  if (sizes.every((size) => Number.isInteger(size) && size > 0)) return sizes;
  throw new InvalidArgumentError('Expected sizes such as 28,28.');
}
