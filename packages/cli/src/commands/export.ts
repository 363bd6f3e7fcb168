import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { exportDecoder, exportEncoder } from 'reparam';
import { writeSafetensors } from 'reparam/io';
import { fileError, writeFileAtomic } from 'reparam/io/node';
import type { App } from '../app.ts';
import { runFiles } from '../run/folder.ts';
import { openRun, type Run } from '../run/openRun.ts';
import { named } from '../run/weights.ts';

interface ExportOptions {
  readonly out?: string;
}

/** `reparam export`: the model for other programs. */
export function register(program: Command, app: App): void {
  const command = program
    .command('export')
    .argument('<run>', 'folder of a run')
    .summary('write ONNX and safetensors files')
    .description('Write the encoder and the decoder as ONNX models for any batch size, and the weights as safetensors.')
    .option('--out <folder>', 'default: the run folder')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam export runs/mnist-vae-0 --out deploy`,
    );
  app.action<[string], ExportOptions>(command, async (_session, folder, { out = folder }) => {
    const run = await openRun(folder);
    await mkdir(out, { recursive: true }).catch((cause) => {
      throw fileError('make the folder', out, cause);
    });
    const files = Object.entries(exportedFiles(run)).map(([name, bytes]) => ({ path: join(out, name), bytes }));
    for (const { path, bytes } of files) await writeFileAtomic(path, bytes);
    const text = files.map(({ path, bytes }) => `${path}  ${(bytes.length / 1e6).toFixed(2)} MB`).join('\n');
    const [encoder, decoder, weights] = files.map(({ path }) => path);
    return { json: { run: folder, encoder, decoder, weights }, text };
  });
}

/** Bytes of `encoder.onnx`, `decoder.onnx` and `model.safetensors` by name. */
function exportedFiles({ model, params, config, metrics }: Run): Record<string, Uint8Array> {
  const metadata = { preset: config.preset, data: config.data.name };
  return {
    [runFiles.encoder]: exportEncoder(model, params, { metadata }),
    [runFiles.decoder]: exportDecoder(model, params, { metadata }),
    [runFiles.model]: writeSafetensors(named(params), { ...metadata, epochs: String(metrics.length) }),
  };
}
