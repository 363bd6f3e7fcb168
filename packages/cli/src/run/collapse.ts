import type { Evaluation, ModelConfig, ObjectiveConfig } from 'reparam';

/**
 * Two lines of text that name the latent dimensions a model does not use and say what would make it use them; empty where
 * it uses all of them.
 */
export function collapseNote(
  { collapsedDimensions: unused, bound }: Evaluation,
  { model, objective }: { readonly model: ModelConfig; readonly objective: ObjectiveConfig },
): string {
  // All dimensions of a flow's code are needed to decode it.
  if (unused.length === 0 || bound === 'exact') return '';
  const isWhole = unused.length >= model.latentDim;
  const which = `dimension${unused.length > 1 ? 's' : ''} ${rangesOf(unused)}`;
  return [
    `  collapsed: ${which} of the code ${unused.length > 1 ? 'do' : 'does'} not move with the data; a smaller latentDim would lose nothing`,
    `  to use ${unused.length > 1 ? 'them' : 'it'}: ${[...(isWhole ? [gentleStart] : []), ...remedies(model, objective)].join('; or ')}`,
  ].join('\n');
}

/** The first steps of a large learning rate can push a model to where its code is ignored. */
const gentleStart = 'a learning rate that rises at first, optimizer.learningRate.warmup=1, or a smaller one';

/** Objectives without which the labels would not be learnt. */
const ofLabels: ReadonlySet<ObjectiveConfig['kind']> = new Set(['m2', 'prediction-constrained']);

function remedies({ likelihood }: ModelConfig, objective: ObjectiveConfig): string[] {
  const tries: string[] = [];
  if (likelihood.kind === 'gaussian' && typeof likelihood.scale === 'number') {
    tries.push(
      `a likelihood.scale below ${likelihood.scale} or "shared" (only variance above σ² is worth a dimension)`,
    );
  }
  const beta = 'beta' in objective ? objective.beta : undefined;
  const weight = typeof beta === 'object' ? (beta.to ?? 1) : (beta ?? 1);
  if (weight > 1) tries.push(`an objective.beta below ${weight}`);
  if (objective.kind !== 'elbo') {
    tries.push('more epochs');
    if (!ofLabels.has(objective.kind)) tries.push('objective.kind=elbo with objective.freeBits=0.1');
    return tries;
  }
  if (typeof beta === 'number') tries.push('a warm-up, objective.beta={"schedule":"linear","epochs":10}');
  tries.push(`objective.freeBits=${objective.freeBits > 0 ? 2 * objective.freeBits : 0.1}`);
  return tries;
}

/** 1, 2, 3, 7 → `1–3, 7`. */
function rangesOf(sorted: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const value of sorted) {
    const last = ranges.at(-1);
    if (last && value === last[1] + 1) last[1] = value;
    else ranges.push([value, value]);
  }
  return ranges.map(([from, to]) => (from === to ? from : `${from}–${to}`)).join(', ');
}
