export {
  type MixtureCovariance,
  type MixtureOfGaussians,
  type MixtureParams,
  mixtureOfGaussians,
} from './density.ts';
export { type FittedMixture, fitMixture, type MixtureOptions, mixtureBound } from './fitMixture.ts';
