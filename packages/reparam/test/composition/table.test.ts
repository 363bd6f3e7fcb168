import { interpreter, type Runtime } from '@reparam/tensor';
import { expect, test } from 'vitest';
import { type Combination, families, tryCombination } from './combinations.ts';

class Traced extends Error {}

/** Traces, differentiates and stops before anything runs: what is refused is refused by then. */
const traceOnly: Runtime = {
  ...interpreter,
  loadStep: async () => {
    throw new Traced();
  },
};

type Names<F extends keyof Combination> = readonly Combination[F][];
const names = <F extends keyof Combination>(family: F) => Object.keys(families[family]) as unknown as Names<F>;

/** The reason why a combination is refused; undefined when it is offered. */
async function refusal(combination: Combination): Promise<string | undefined> {
  try {
    const outcome = await tryCombination(combination, traceOnly);
    return 'refused' in outcome ? outcome.refused : undefined;
  } catch (error) {
    if (error instanceof Traced) return undefined;
    throw error;
  }
}

const plain: Combination = {
  objective: 'elbo',
  posterior: 'diagonal',
  prior: 'standard',
  condition: 'none',
  likelihood: 'gaussian',
};

/** A table with a row and a column for each kind of two families; refusals are numbered in `reasons`. */
async function table<R extends keyof Combination, C extends keyof Combination>(
  rows: R,
  columns: C,
  base: Combination,
  reasons: string[],
): Promise<string> {
  const lines = [
    `| | ${names(columns).join(' | ')} |`,
    `|---|${names(columns)
      .map(() => '---|')
      .join('')}`,
  ];
  for (const row of names(rows)) {
    const cells: string[] = [];
    for (const column of names(columns)) {
      const reason = await refusal({
        ...base,
        ...(row === 'hybrid' && { condition: 'labels' }),
        [rows]: row,
        [columns]: column,
      } as Combination);
      if (reason && !reasons.includes(reason)) reasons.push(reason);
      cells.push(reason ? `– ${reasons.indexOf(reason) + 1}` : 'yes');
    }
    lines.push(`| **${row}** | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

test('docs/composition.md says what combines (update with vitest -u)', async () => {
  const reasons: string[] = [];
  const parts: string[] = [];
  parts.push(
    '# What combines',
    'Posterior × prior × likelihood × objective, with and without a condition: each combination below is built, trained for a few steps and evaluated by the tests, or refused with the reason that the number stands for. This page is generated from the same refusals.',
    '## Objectives and likelihoods',
    'With a diagonal posterior and a standard prior; `hybrid` needs a condition and stands as in a model given labels.',
    await table('objective', 'likelihood', plain, reasons),
  );
  for (const condition of names('condition')) {
    parts.push(
      condition === 'none' ? '## Posteriors and priors, without a condition' : '## Posteriors and priors, given labels',
    );
    for (const objective of names('objective')) {
      parts.push(`### ${objective}`, await table('posterior', 'prior', { ...plain, objective, condition }, reasons));
    }
  }
  parts.push('## Reasons', reasons.map((reason, i) => `${i + 1}. ${reason}`).join('\n'));
  await expect(`${parts.join('\n\n')}\n`).toMatchFileSnapshot('../../../../docs/composition.md');
}, 120_000);
