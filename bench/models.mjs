/** The benchmark's models as this project builds them, by the names of bench/peers/README.md. */
import { sizeOf } from '@reparam/tensor';
import {
  chain,
  convDecoder,
  convEncoder,
  coupling,
  elbo,
  flowModel,
  iwae,
  m2,
  m2Objective,
  maskedAutoregressive,
  mlp,
  transposedConvOutput,
  vae,
} from 'reparam';
import { convolutional, flows, importanceWeighted, models, semiSupervised } from './peers/protocol.mjs';

const dense = ({ pixels, hidden, latent, activation }) =>
  vae({
    dataShape: [pixels],
    latentDim: latent,
    encoder: mlp(hidden, { activation }),
    decoder: mlp([...hidden].reverse(), { activation }),
  });

const conv = ({ image, channels, latent }) =>
  vae({
    dataShape: image,
    latentDim: latent,
    encoder: convEncoder(image, { channels }),
    decoder: convDecoder(image, { channels }),
    outputLayer: transposedConvOutput({ channels }),
  });

const withClasses = ({ pixels, hidden, latent, activation, numClasses }) =>
  m2({
    dataShape: [pixels],
    latentDim: latent,
    numClasses,
    classifier: mlp(hidden, { activation }),
    encoder: mlp(hidden, { activation }),
    decoder: mlp([...hidden].reverse(), { activation }),
  });

const layers = {
  maf: (hidden, i) => maskedAutoregressive({ hidden, order: i % 2 ? 'reversed' : 'natural' }),
  realnvp: (hidden, i) => coupling({ hidden, keep: i % 2 ? 'second' : 'first' }),
};

const flow = (name, { dim, length, hidden }) =>
  flowModel({ dataShape: [dim], flow: chain(Array.from({ length }, (_, i) => layers[name](hidden, i))) });

/** A model by name: what it maximises, the values of an example, bits or real numbers, and the labels of a batch. */
export function named(name) {
  if (name in convolutional) {
    return { model: conv(convolutional[name]), objective: elbo(), width: sizeOf(convolutional[name].image) };
  }
  if (name in flows) {
    return { model: flow(name, flows[name]), objective: elbo(), width: flows[name].dim, isReal: true };
  }
  if (name in importanceWeighted) {
    const { sizes, numSamples, gradient } = importanceWeighted[name];
    return { model: dense(models[sizes]), objective: iwae({ numSamples, gradient }), width: models[sizes].pixels };
  }
  if (name in semiSupervised) {
    const sizes = semiSupervised[name];
    const { pixels: width, numLabelled, numClasses, alpha } = sizes;
    return { model: withClasses(sizes), objective: m2Objective({ alpha }), width, labels: { numLabelled, numClasses } };
  }
  return { model: dense(models[name]), objective: elbo(), width: models[name].pixels };
}
