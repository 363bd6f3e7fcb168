import { add, type Shape, type Tensor } from '@reparam/tensor';

/** The shape the parameters of a distribution broadcast to; the error of a misfit names the distribution. */
export function broadcastParameters(_name: string, ...parameters: Tensor[]): Shape {
  return parameters.reduce((a, b) => add(a, b)).shape;
}
