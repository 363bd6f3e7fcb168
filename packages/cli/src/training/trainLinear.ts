import { join } from 'node:path';
import { fitLinear } from 'reparam';
import { writeFileAtomic } from 'reparam/io/node';
import type { Output, Session } from '../app.ts';
import { recipeOf } from '../config/schema.ts';
import { runFiles } from '../run/folder.ts';
import { finishRun } from './finishRun.ts';
import type { Prepared } from './prepare.ts';

/**
 * Finds the parameters of a linear VAE by its program in `folder`, which this process has locked, and finishes the run. Of
 * metrics.jsonl a line is an iteration. There is no checkpoint: resumed, it starts over and ends with the same numbers.
 */
export async function trainLinear(session: Session, folder: string, prepared: Prepared): Promise<Output> {
  const { config, train } = prepared;
  await writeFileAtomic(join(folder, runFiles.config), `${JSON.stringify(config, null, 2)}\n`);
  const runtime = await session.runtime();
  const started = performance.now();
  const most = config.training.epochs;
  const { params, history } = await fitLinear(recipeOf(config), train, {
    runtime,
    onIteration: (iteration, bound) =>
      session.bar.update(iteration / most, `iteration ${iteration}`, `bound ${bound.toFixed(4)}`),
  });
  session.bar.clear();
  const seconds = (performance.now() - started) / 1000;
  const lines = history.map(({ elbo, rate, distortion }, i) =>
    JSON.stringify({
      epoch: i + 1,
      step: i + 1,
      train: { loss: -elbo, elbo, rate, distortion },
      seconds: seconds / history.length,
    }),
  );
  await writeFileAtomic(join(folder, runFiles.metrics), lines.map((line) => `${line}\n`).join(''));
  const how = config.program?.kind === 'ppca' ? 'closed form' : `${history.length} iterations`;
  session.say(
    `${how} in ${seconds.toFixed(1)} s: log p(x) of the training set ${history.at(-1)!.elbo.toFixed(4)} nats/example`,
  );
  return finishRun(session, folder, prepared, params, runtime);
}
