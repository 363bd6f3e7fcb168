import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { writeSafetensors } from 'reparam/io';
import { fileError, writeFileAtomic } from 'reparam/io/node';
import type { App } from '../app.ts';
import { runPredictor } from '../labels/runPredictor.ts';
import { runFiles } from '../run/folder.ts';
import { onnxFiles } from '../run/onnxFiles.ts';
import { openRun } from '../run/openRun.ts';
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
    .description(
      'Write the encoder, the decoder and what tells labels, where something does, as ONNX models for any batch size, and the weights as safetensors.',
    )
    .option('--out <folder>', 'default: the run folder')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam export runs/mnist-vae-0 --out deploy`,
    );
  app.action<[string], ExportOptions>(command, async (session, folder, { out = folder }) => {
    const run = await openRun(folder);
    await mkdir(out, { recursive: true }).catch((cause) => {
      throw fileError('make the folder', out, cause);
    });
    const { model, params, config, metrics } = run;
    const metadata = { preset: config.preset, data: config.data.name };
    // Only a classifier of codes lies in a file of its own; reading it takes a runtime.
    const predictor = config.classifier && (await runPredictor(run, await session.runtime()));
    const contents = {
      ...onnxFiles(model, params, metadata, predictor?.ofCodes),
      [runFiles.model]: writeSafetensors(named(params), { ...metadata, epochs: String(metrics.length) }),
    };
    const files = Object.entries(contents).map(([name, bytes]) => ({ name, path: join(out, name), bytes }));
    for (const { path, bytes } of files) await writeFileAtomic(path, bytes);
    const text = files.map(({ path, bytes }) => `${path}  ${(bytes.length / 1e6).toFixed(2)} MB`).join('\n');
    const pathOf = (file: string) => files.find(({ name }) => name === file)?.path;
    const [encoder, decoder, classifier] = [runFiles.encoder, runFiles.decoder, runFiles.classifierOnnx].map(pathOf);
    const weights = pathOf(runFiles.model);
    return {
      json: { run: folder, encoder, ...(decoder && { decoder }), ...(classifier && { classifier }), weights },
      text,
    };
  });
}
