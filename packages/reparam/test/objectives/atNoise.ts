import { compile, constant, grad, type HostTensor, interpreter, specsOf, type Tensor } from '@reparam/tensor';
import {
  type HostParams,
  type LatentModel,
  noiseContext,
  type Objective,
  type Progress,
  type SymbolicParams,
} from 'reparam';
import { expect } from 'vitest';
import { floats, numbers } from '../support.ts';

/** A batch with the noise of every site: nothing is left to chance. */
export interface Situation {
  readonly model: LatentModel;
  readonly params: HostParams;
  /** [B, dataSize]. */
  readonly x: HostTensor;
  /** Default: 1/B each. */
  readonly weights?: readonly number[];
  /** By site. */
  readonly noise: Readonly<Record<string, HostTensor>>;
  /** [L, K]: the labels of the first rows, for objectives that ask for them. */
  readonly targets?: HostTensor;
  readonly datasetSize?: number;
  readonly progress?: Progress;
}

export interface Result {
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  /** By path of the parameter. */
  readonly gradient: Readonly<Record<string, number[]>>;
}

/** Loss, terms and gradient of an objective in float64. */
export async function atNoise(objective: Objective, situation: Situation): Promise<Result> {
  const { model, params, x, noise, targets, progress = { step: 0, stepsPerEpoch: 1, totalSteps: 1 } } = situation;
  const rows = x.shape[0]!;
  const weights = floats(situation.weights ?? new Array<number>(rows).fill(1 / rows));
  const inputs = { params, x, weights, noise, ...(targets && { targets }) };
  type Symbols = { params: SymbolicParams; x: Tensor; weights: Tensor; noise: Record<string, Tensor> };
  const program = await compile(
    ((symbols: Symbols) => {
      const draw = (site: string, _: unknown, shape: readonly unknown[]) => {
        const given = symbols.noise[site];
        expect(given?.shape, `noise at ${site}`).toEqual(shape);
        return given!;
      };
      const context = {
        ...noiseContext(draw, { training: true, weights: symbols.weights }),
        datasetSize: situation.datasetSize ?? rows,
        schedule: (_name: string, at: number | { at(p: Progress): number }) =>
          constant(typeof at === 'number' ? at : at.at(progress)),
      };
      const { loss, terms } = objective.loss(model, symbols.params, symbols, context);
      return { loss, terms, gradient: grad(loss, symbols.params) };
    }) as never,
    specsOf(inputs) as never,
    { runtime: interpreter },
  );
  const { loss, terms, gradient } = (await program.run(inputs as never)) as {
    loss: HostTensor;
    terms: Record<string, HostTensor>;
    gradient: HostParams;
  };
  await program.dispose();
  const flat = (tree: unknown, path: string): [string, number[]][] =>
    'dtype' in (tree as object)
      ? [[path, numbers(tree as HostTensor)]]
      : Object.entries(tree as object).flatMap(([k, v]) => flat(v, path ? `${path}/${k}` : k));
  return {
    loss: numbers(loss)[0]!,
    terms: Object.fromEntries(Object.entries(terms).map(([name, t]) => [name, numbers(t)[0]!])),
    gradient: Object.fromEntries(flat(gradient, '')),
  };
}

/** Every number moved by ±h: the derivative of `value` with respect to the parameter at `path`. */
export async function finiteDifference(
  situation: Situation,
  path: string,
  value: (moved: Situation) => Promise<number>,
  h = 1e-5,
): Promise<number[]> {
  const size = leafAt(situation.params, path).data.length;
  const derivative: number[] = [];
  for (let i = 0; i < size; i++) {
    const at = (by: number) => value({ ...situation, params: nudge(situation.params, path.split('/'), i, by) });
    derivative.push(((await at(h)) - (await at(-h))) / (2 * h));
  }
  return derivative;
}

export const leafAt = (params: HostParams, path: string): HostTensor =>
  path.split('/').reduce<unknown>((tree, key) => (tree as Record<string, unknown>)[key], params) as HostTensor;

function nudge(tree: unknown, [key, ...rest]: readonly string[], index: number, by: number): HostParams {
  if (key === undefined) {
    const { data, shape } = tree as HostTensor;
    return floats(
      Array.from(data as Float64Array, (v, i) => Number(v) + (i === index ? by : 0)),
      shape,
    ) as never;
  }
  return { ...(tree as HostParams), [key]: nudge((tree as Record<string, unknown>)[key], rest, index, by) };
}

/** Points and weights for expectations under `dims` standard normals: the trapezoid rule, exact to rounding here. */
export function normalGrid(dims: 1 | 2, step = 0.25): { readonly points: number[][]; readonly weights: number[] } {
  const line = Array.from({ length: 2 * Math.round(7.5 / step) + 1 }, (_, i) => -7.5 + i * step);
  const points = dims === 1 ? line.map((a) => [a]) : line.flatMap((a) => line.map((b) => [a, b]));
  const raw = points.map((point) => Math.exp(-0.5 * point.reduce((s, e) => s + e * e, 0)));
  const total = raw.reduce((a, b) => a + b);
  return { points, weights: raw.map((w) => w / total) };
}
