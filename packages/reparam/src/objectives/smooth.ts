import { ReparamError, type Tensor } from '@reparam/tensor';
import { type Context, noiseContext } from '../context.ts';

/** Operations whose derivative jumps: the derivative of that derivative is 0 wherever there is one. */
const kinked = new Set(['relu', 'maximum', 'minimum', 'max', 'min', 'abs', 'sign', 'step', 'where', 'floor', 'ceil']);

/** Throws `unsupported` when a kinked operation lies between one of `variables` and one of `results`. */
export function requireSmooth(results: readonly Tensor[], variables: readonly Tensor[], doing: string): void {
  const moves = new Set(variables);
  for (const node of below(results)) {
    if (node.op.name === 'stopGradient' || !node.inputs.some((t) => moves.has(t))) continue;
    moves.add(node);
    // A choice by position is no kink.
    if (!kinked.has(node.op.name) || (node.op.name === 'where' && !moves.has(node.inputs[0]!))) continue;
    throw new ReparamError('unsupported', `${doing} needs networks with smooth activations`, {
      got: `the operation ${node.op.name}: gradients of gradients do not see its kink`,
      expected: 'tanh, sigmoid, softplus, gelu or silu',
      fix: 'Set activation to tanh',
    });
  }
}

/** All tensors under `results`, inputs before users. */
function below(results: readonly Tensor[]): Tensor[] {
  const seen = new Set<Tensor>();
  const stack = [...results];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** `context` for parts that must be functions of their input alone: noise and batch statistics throw `unsupported`. */
export function deterministic(context: Context, doing: string): Context {
  const refuse = (got: string, fix: string) => (): never => {
    throw new ReparamError('unsupported', `${doing} needs networks that are functions of one example alone`, {
      got,
      expected: 'no dropout and no batch normalisation',
      fix,
    });
  };
  return noiseContext(refuse('noise inside a network', 'Set dropout to 0'), {
    ...context,
    update: refuse('statistics of the batch', 'Use layer normalisation'),
  });
}
