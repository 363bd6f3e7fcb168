import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { key, ReparamError, sizeOf } from '@reparam/tensor';
import { initRbm, type Optimizer, type RbmState } from 'reparam';
import { readSafetensors, writeSafetensors } from 'reparam/io';
import { readFileChecked, writeFileAtomic } from 'reparam/io/node';
import { runFiles } from '../run/folder.ts';
import { exists } from '../run/openRun.ts';
import { named, restoreTree } from '../run/weights.ts';
import type { DensityRunConfig } from './config.ts';

const format = 'reparam-rbm-checkpoint-1';

/** The checkpoint of a machine's run: its state after an epoch. */
export function densityCheckpoint(folder: string, config: DensityRunConfig, hidden: number, optimizer: Optimizer) {
  const fresh = initRbm(key(0), sizeOf(config.data.shape!), hidden);
  const at = join(folder, runFiles.checkpoint);
  const configHash = createHash('sha256').update(JSON.stringify(config)).digest('hex');
  return {
    /** The last state written; undefined when there is none. Throws `data` when it belongs to another run. */
    async read(): Promise<RbmState | undefined> {
      if (!(await exists(at))) return undefined;
      const { tensors, metadata } = readSafetensors(await readFileChecked(at), at);
      const epoch = Number(metadata.epoch);
      if (metadata.format !== format || metadata.configHash !== configHash || !Number.isSafeInteger(epoch)) {
        throw new ReparamError('data', 'the checkpoint was written for another configuration', {
          expected: `one written for ${runFiles.config} beside it`,
          at,
          fix: 'Restore the file from a copy, or start a new run',
        });
      }
      return {
        params: restoreTree(fresh, tensors, 'params.', at),
        optimizer: restoreTree(optimizer.init(fresh), tensors, 'optimizer.', at),
        epoch,
      };
    },
    /** Replaces the checkpoint, whole or not at all. */
    async write({ params, optimizer: state, epoch }: RbmState): Promise<void> {
      const tensors = { ...named(params, 'params.'), ...named(state, 'optimizer.') };
      const metadata = { format, configHash, epoch: String(epoch) };
      await writeFileAtomic(at, writeSafetensors(tensors, metadata));
    },
  };
}
