/** Loss and gradients at fixed weights and noise, as files: what another library must get too (README.md of the peers). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, constant, grad, hostTensor, key, mapTree, normalArray, specsOf } from '@reparam/tensor';
import { noiseContext } from 'reparam';
import { named } from './models.mjs';
import { randomBatches, randomTargets } from './peers/protocol.mjs';

/** Writes batch, noise, parameters and their gradients of a model with labels to `folder`; returns the loss. */
export async function writeGradients(name, batch, folder, runtime) {
  const { model, objective, width, labels } = named(name);
  const { numLabelled, numClasses } = labels;
  const normals = (shape) =>
    hostTensor(
      normalArray(
        key(2),
        shape.reduce((a, b) => a * b),
      ),
      shape,
      'float32',
    );
  const inputs = {
    params: model.init(key(0)),
    x: hostTensor(randomBatches(batch, width)[0], [batch, width]),
    targets: hostTensor(Float32Array.from(randomTargets(numLabelled, numClasses)), [numLabelled, numClasses]),
    weights: hostTensor(new Float32Array(batch).fill(1 / batch), [batch]),
    noise: normals([numClasses, batch, model.latentDim]),
  };
  const program = await compile(
    ({ params, noise, ...rest }) => {
      const context = {
        ...noiseContext(() => noise, { training: true, weights: rest.weights }),
        datasetSize: batch,
        schedule: (_, value) => constant(value),
      };
      const { loss } = objective.loss(model, params, rest, context);
      return { loss, gradient: grad(loss, params) };
    },
    specsOf(inputs),
    { runtime },
  );
  const { loss, gradient } = await program.run(inputs);
  await program.dispose();
  const shapes = {};
  mapTree({ ...inputs, gradient }, ({ data, shape }, path) => {
    shapes[path] = shape;
    writeFileSync(join(folder, `${path}.f32`), new Uint8Array(Float32Array.from(data).buffer));
  });
  writeFileSync(join(folder, 'shapes.json'), JSON.stringify(shapes));
  return { loss: Number(loss.data[0]) };
}
