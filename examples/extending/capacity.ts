import { abs, add, mul, sub } from '@reparam/tensor';
import { elbo, type Objective, type Schedule } from 'reparam';

/**
 * Distortion plus `strength` · |rate − capacity|: the code is held to so many nats an example, and the schedule lets it have
 * more and more of them (Burgess et al. 2018).
 */
export function capacity({ nats, strength }: { readonly nats: Schedule; readonly strength: number }): Objective {
  const bound = elbo();
  return {
    name: 'capacity',
    description: `E_q log p(x|z) − ${strength} · |KL(q(z|x) ‖ p(z)) − C|, C ${nats.description} nats`,
    schedules: [nats],
    loss(model, params, batch, context) {
      const { terms } = bound.loss(model, params, batch, context);
      const target = context.schedule('capacity', nats);
      return { loss: add(terms.distortion, mul(strength, abs(sub(terms.rate, target)))), terms };
    },
  };
}
