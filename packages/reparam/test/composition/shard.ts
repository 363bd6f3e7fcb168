import { nodeRuntime } from '@reparam/tensor/node';
import { describe, expect, test } from 'vitest';
import { type Combination, combinations, tryCombination } from './combinations.ts';

/** Declares the tests of every `of`-th objective × posterior × prior, from the `index`-th on: all conditions and likelihoods of each. */
export function compositionShard(index: number, of: number): void {
  const groups = new Map<string, Combination[]>();
  for (const combination of combinations()) {
    const { objective, posterior, prior } = combination;
    const name = `${objective}, posterior ${posterior}, prior ${prior}`;
    groups.set(name, [...(groups.get(name) ?? []), combination]);
  }
  const own = [...groups].filter((_, i) => i % of === index);
  describe('every combination trains with a falling loss and evaluates, or is refused with a reason', async () => {
    const runtime = await nodeRuntime({ threads: 1 });
    test.each(own)(
      '%s',
      async (_, members) => {
        const wrong: string[] = [];
        for (const combination of members) {
          const { condition, likelihood } = combination;
          const outcome = await tryCombination(combination, runtime);
          if ('refused' in outcome) {
            // A reason says what was met and what to do about it.
            if (!/got .*(expected|Set|Use|fix|Leave|Choose|Give|Take)/s.test(outcome.refused))
              wrong.push(outcome.refused);
            continue;
          }
          const { losses, elbo } = outcome;
          const falls = losses.every(Number.isFinite) && losses.at(-1)! < losses[0]!;
          if (!falls || !Number.isFinite(elbo)) {
            wrong.push(`${condition}, ${likelihood}: loss ${losses[0]} to ${losses.at(-1)}, ELBO ${elbo}`);
          }
        }
        expect(wrong).toEqual([]);
      },
      120_000,
    );
  });
}
