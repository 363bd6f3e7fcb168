import { ReparamError } from '@reparam/tensor';
import {
  type CodeScores,
  exportClassifier,
  exportDecoder,
  exportEncoder,
  type HostParams,
  type LatentModel,
} from 'reparam';
import { runFiles } from './folder.ts';

/**
 * The ONNX files of a run by name: the encoder; the decoder, unless it takes a pass for each of many dimensions, which is no single
 * program; and what tells labels from examples, the model itself or `ofCodes`, where something does.
 */
export function onnxFiles(
  model: LatentModel,
  params: HostParams,
  metadata: Readonly<Record<string, string>>,
  ofCodes?: Partial<CodeScores>,
): Record<string, Uint8Array> {
  const decoder = unlessUnsupported(() => exportDecoder(model, params, { metadata }));
  const { score, hasProbabilities = true } = ofCodes ?? {};
  const classifier =
    model.labels || score
      ? exportClassifier(model, params, { metadata, ofCodes: score && { score, hasProbabilities } })
      : undefined;
  return {
    [runFiles.encoder]: exportEncoder(model, params, { metadata }),
    ...(decoder && { [runFiles.decoder]: decoder }),
    ...(classifier && { [runFiles.classifierOnnx]: classifier }),
  };
}

function unlessUnsupported(make: () => Uint8Array): Uint8Array | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof ReparamError && error.code === 'unsupported') return undefined;
    throw error;
  }
}
