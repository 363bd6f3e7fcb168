import { drawBound } from './drawBound.ts';
import type { Objective } from './objective.ts';

/**
 * E_q log p(x given z) alone: the rate costs nothing (β = 0). What a plain autoencoder maximises; the reported `elbo` and
 * `rate` show what that does to the bound.
 * @example reconstruction()
 */
export const reconstruction = (): Objective => ({
  name: 'reconstruction',
  description: 'E_q log p(x|z), without a rate, 1 draw of z an example',
  schedules: [],
  loss(model, params, batch, context) {
    const { terms } = drawBound(model, params, batch, context);
    return { loss: terms.distortion, terms };
  },
});
