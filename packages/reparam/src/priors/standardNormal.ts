import { broadcastTo, constant } from '@reparam/tensor';
import { independent, normal } from '../distributions/index.ts';
import type { Prior } from './prior.ts';

/** N(0, I). */
export const standardNormal = (): Prior => ({
  description: 'N(0, I)',
  init: () => ({}),
  distribution: (_, latentDim) => independent(normal({ loc: broadcastTo(constant(0), [latentDim]), scale: 1 })),
});
