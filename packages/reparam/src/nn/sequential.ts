import { foldIn, reshape, sizeOf, type Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { HostParams, SymbolicParams } from '../params.ts';
import { branch } from '../params.ts';
import { type ActivationName, activation } from './activations.ts';
import { dropout } from './dropout.ts';
import { glorotUniform, heUniform, type Initializer } from './initializers.ts';
import { layerNorm } from './layerNorm.ts';
import { linear } from './linear.ts';
import type { Module } from './module.ts';

/**
 * Modules one after the other; parameters are named by position.
 * @example sequential([flatten(), linear(200), activation('tanh')])
 */
export const sequential = (layers: readonly Module[]): Module => {
  const shapes = (inputShape: readonly number[]) => {
    const all = [[...inputShape]];
    for (const layer of layers) all.push(layer.outputShape(all.at(-1)!));
    return all;
  };
  type Apply = Module['apply'];
  const run: Apply = (params, x, context) => from(0, params, x, context);
  const from = (first: number, params: SymbolicParams, x: Tensor, context: Context) =>
    layers.slice(first).reduce((h, layer, i) => at(first + i, layer.apply)(params, h, context), x);
  const at =
    (i: number, apply: Apply): Apply =>
    (params, x, context) =>
      apply(branch(params, String(i)) ?? {}, x, context.child(String(i)));
  const begun = layers[0]?.stages;
  return {
    ...(begun && {
      stages: {
        affine: at(0, begun.affine),
        rest: (params, h, context) => from(1, params, at(0, begun.rest)(params, h, context), context),
      },
    }),
    describe(inputShape) {
      const before = shapes(inputShape);
      return layers.map((layer, i) => layer.describe(before[i]!)).join(', ');
    },
    outputShape: (inputShape) => shapes(inputShape).at(-1)!,
    init(key, inputShape) {
      const before = shapes(inputShape);
      const params: Record<string, HostParams> = {};
      layers.forEach((layer, i) => {
        const own = layer.init(foldIn(key, String(i)), before[i]!);
        if (Object.keys(own).length > 0) params[i] = own;
      });
      return params;
    },
    apply: run,
  };
};

/** Joins all axes of an event into one. */
export const flatten = (): Module => ({
  describe: () => 'flatten',
  outputShape: (inputShape) => [sizeOf(inputShape)],
  init: () => ({}),
  // The batch is the first axis here: an encoder sees data, one row an example.
  apply: (_, x) => (x.rank === 2 ? x : reshape(x, [x.shape[0]!, x.shape.slice(1).reduce<number>(multiply, 1)])),
});

const multiply = (product: number, dim: unknown): number => product * (dim as number);

/** Options of a multilayer perceptron. */
export interface MlpOptions {
  readonly activation?: ActivationName;
  readonly initializer?: Initializer;
  readonly biasInitializer?: Initializer;
  /** Normalise each hidden layer before its activation. */
  readonly layerNorm?: boolean;
  /** Share of hidden activations dropped in training. */
  readonly dropout?: number;
}

/**
 * Hidden layers of the given sizes, each linear then activation (relu unless stated), for vectors.
 * @example mlp([200, 200], { activation: 'tanh' })
 */
export function mlp(hidden: readonly number[], options: MlpOptions = {}): Module {
  const { activation: name = 'relu', biasInitializer } = options;
  const isSaturating = name === 'tanh' || name === 'sigmoid';
  const initializer = options.initializer ?? (isSaturating ? glorotUniform : heUniform);
  return sequential(
    hidden.flatMap((features) => [
      linear(features, { initializer, ...(biasInitializer && { biasInitializer }) }),
      ...(options.layerNorm ? [layerNorm()] : []),
      activation(name),
      ...(options.dropout ? [dropout(options.dropout)] : []),
    ]),
  );
}
