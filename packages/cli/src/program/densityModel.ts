import type { HostTensor, Runtime } from '@reparam/tensor';
import type { DataMatrix, Estimate } from 'reparam';
import type { TestFigure } from 'reparam/plot';
import type { DensityRunConfig } from './config.ts';
import { mixtureKind } from './mixtureKind.ts';
import { rbmKind } from './rbmKind.ts';

/** Parameters of a density model by name, float32: what model.safetensors holds. */
export type DensityParams = Readonly<Record<string, HostTensor>>;

/** What a program has at hand. */
export interface ProgramContext {
  readonly runtime: () => Promise<Runtime>;
  readonly signal: AbortSignal;
}

/** Draws of x [n, D], and the means they were drawn with where those are more telling. */
export interface DensitySamples {
  readonly x: Float32Array;
  readonly mean?: Float32Array;
}

/** One figure an example, its mean being what is shown. */
export interface DensityFigure extends Estimate {
  /** Key of the JSON. */
  readonly key: string;
  readonly name: string;
  readonly meaning: string;
}

/** A fitted density model: what commands can do with it. */
export interface DensityModel {
  readonly params: DensityParams;
  /** What its log-likelihood is of: bits, or real values. */
  readonly quantity: 'probability' | 'density';
  /** Each part in words. */
  describe(): Readonly<Record<string, string>>;
  /** Figures on examples, nats an example. */
  evaluate(data: DataMatrix): DensityFigure[];
  sample(count: number, seed: number, context: ProgramContext): Promise<DensitySamples>;
  /** Rows that are pictures of the parameters (means, filters), with a title; [n, D]. */
  readonly picture: { readonly title: string; readonly caption: string; readonly rows: Float32Array };
}

/** The model of `config` from its parameters. Throws `data` when they are not of this configuration. */
export function openDensity(config: DensityRunConfig, params: DensityParams, at: string): DensityModel {
  const { program } = config;
  return program.kind === 'mixture' ? mixtureKind.open(program, params, at) : rbmKind.open(program, params, at);
}

/** Figures as the table of a report shows them. */
export const reportFigures = (figures: readonly DensityFigure[]): TestFigure[] =>
  figures.map(({ key: _, ...figure }) => ({ ...figure, unit: 'nats/example' }));

/** Figures as `--json` prints them. */
export const figuresJson = (
  figures: readonly DensityFigure[],
  numExamples: number,
  { quantity }: DensityModel,
): Record<string, unknown> => ({
  ...Object.fromEntries(
    figures.flatMap(({ key, value, standardError }) => [
      [key, value],
      [`${key}StandardError`, standardError],
    ]),
  ),
  numExamples,
  bound: 'exact',
  quantity,
});
