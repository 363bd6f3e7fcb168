import { activations, binarizations, initializers, type RecipeConfig } from 'reparam';
import { z } from 'zod';

/** Version of the configuration's meaning; a file of another version is refused. */
export const schemaVersion = 1;

const describe = <T extends z.ZodType>(schema: T, description: string): T => schema.meta({ description }) as T;

// The text of a leaf is what an error says was expected.
const whole = (least: number) => {
  const text = least === 0 ? 'a whole number, 0 or more' : `a whole number, ${least} or more`;
  return z.int(text).min(least, text);
};
const positive = () => z.number('a positive number').positive('a positive number');
const nonNegative = () => z.number('a number, 0 or more').min(0, 'a number, 0 or more');
const share = () =>
  z.number('a number from 0 to below 1').min(0, 'a number from 0 to below 1').lt(1, 'a number below 1');
const text = () => z.string('text').min(1, 'text');
const yesNo = () => z.boolean('true or false');
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `one of ${values.join(', ')}`);
const names = <T extends object>(table: T) => oneOf(Object.keys(table) as [keyof T & string, ...(keyof T & string)[]]);
const object = <T extends z.core.$ZodLooseShape>(shape: T) => z.strictObject(shape, 'an object {…}');
const sizes = (least: number) =>
  z.array(whole(least), 'a list of whole numbers such as [200, 200]').max(64, 'at most 64 layers');

const data = object({
  name: describe(text(), 'data set: a name, or the path of a file'),
  shape: describe(
    z.array(whole(1), 'a list such as [28, 28]').min(1, 'at least one size').optional(),
    'shape of one example',
  ),
  scale: describe(positive().optional(), 'value in the model = stored value × scale'),
  labels: describe(text().optional(), 'file of labels'),
  labelColumn: describe(
    z.union([text(), whole(0), z.literal(false)], 'a name, a number from 0, or false').optional(),
    'label column of a table',
  ),
  header: describe(yesNo().optional(), 'whether the first line of a table is a header'),
  delimiter: describe(text().optional(), 'what separates the fields of a table'),
  dir: describe(text().optional(), 'folder to look in for named sets'),
  validation: describe(nonNegative().default(0), 'examples set aside: a fraction below 1, or a count'),
  test: describe(
    nonNegative().default(0.1),
    'examples of a file without a test split that make one: a fraction or a count',
  ),
  binarization: describe(
    oneOf(binarizations as ['none', 'static', 'dynamic', 'threshold']).optional(),
    'how grey values become bits',
  ),
});

const likelihoodKind = 'bernoulli for values in [0, 1], gaussian for real ones';
const bernoulli = object({ kind: describe(z.literal('bernoulli'), likelihoodKind) });
const gaussian = object({
  kind: describe(z.literal('gaussian'), likelihoodKind),
  scale: describe(
    z
      .union([positive(), oneOf(['shared', 'per-dimension'])], 'a positive number, shared or per-dimension')
      .default('shared'),
    'standard deviation: fixed, or learned',
  ),
  initialScale: describe(positive().optional(), 'where a learned standard deviation starts'),
});

const model = object({
  latentDim: describe(whole(1), 'latent dimensions'),
  hidden: describe(sizes(1), 'hidden layers of the encoder'),
  decoderHidden: describe(sizes(1).optional(), 'hidden layers of the decoder; default: the encoder’s in reverse'),
  activation: describe(names(activations), 'activation of the hidden layers'),
  initializer: describe(names(initializers).optional(), 'starting weights; default: by activation'),
  layerNorm: describe(yesNo().default(false), 'normalise hidden layers'),
  dropout: describe(share().default(0), 'share of hidden activations dropped in training'),
  posterior: describe(oneOf(['diagonal', 'shared-variance']).default('diagonal'), 'family of q(z|x)'),
  likelihood: describe(
    z.discriminatedUnion('kind', [bernoulli, gaussian], 'an object whose kind is bernoulli or gaussian'),
    'family of p(x|z)',
  ),
});

const beta = z.union(
  [
    nonNegative(),
    z.discriminatedUnion(
      'schedule',
      [
        object({
          schedule: describe(
            z.literal('linear'),
            'linear: one rise, then constant; cyclical: the rise again and again',
          ),
          from: describe(nonNegative().optional(), 'weight at the start of a rise; default 0'),
          to: describe(nonNegative().optional(), 'weight after it; default 1'),
          epochs: describe(positive(), 'length of the rise (linear)'),
        }),
        object({
          schedule: z.literal('cyclical'),
          from: nonNegative().optional(),
          to: nonNegative().optional(),
          cycles: describe(whole(1).optional(), 'cycles in the whole run (cyclical); default 4'),
          ramp: describe(
            z.number('a number above 0, at most 1').positive().max(1, 'a number above 0, at most 1').optional(),
            'share of a cycle that the rise takes (cyclical); default 0.5',
          ),
        }),
      ],
      'an object whose schedule is linear or cyclical',
    ),
  ],
  'a number, or an object with a schedule',
);

const objective = z.discriminatedUnion(
  'kind',
  [
    object({
      kind: describe(z.literal('elbo'), 'what is maximised: the ELBO or the importance-weighted bound'),
      kl: describe(oneOf(['analytic', 'sampled']).default('analytic'), 'KL in closed form, or every term sampled'),
      numSamples: describe(whole(1).default(1), 'draws of z an example'),
      beta: describe(beta.default(1), 'weight of the rate, or its schedule (linear, cyclical)'),
      freeBits: describe(nonNegative().default(0), 'nats a latent dimension may use freely'),
    }),
    object({ kind: z.literal('iwae'), numSamples: whole(1).default(5) }),
  ],
  'an object whose kind is elbo or iwae',
);

const learningRate = z.union(
  [
    positive(),
    z.discriminatedUnion(
      'schedule',
      [
        object({
          schedule: describe(z.literal('constant'), 'how the learning rate changes'),
          value: describe(positive(), 'learning rate at the start'),
        }),
        object({
          schedule: z.literal('step'),
          value: positive(),
          factor: describe(positive().optional(), 'what it is multiplied by (step); default 0.1'),
          epochs: describe(whole(1), 'epochs between two multiplications (step)'),
        }),
        object({
          schedule: z.literal('cosine'),
          value: positive(),
          final: describe(nonNegative().optional(), 'learning rate at the end (cosine); default 0'),
          warmup: describe(nonNegative().optional(), 'epochs of linear increase before (cosine); default 0'),
        }),
        object({ schedule: z.literal('iwae-paper'), value: positive().optional() }),
      ],
      'an object whose schedule is constant, step, cosine or iwae-paper',
    ),
  ],
  'a positive number, or an object with a schedule',
);

const anyOptimizer = {
  learningRate: describe(learningRate, 'a number, or a schedule (constant, step, cosine, iwae-paper)'),
  clipNorm: describe(positive().optional(), 'largest global norm of the gradient'),
};
const adamShape = {
  ...anyOptimizer,
  beta1: describe(share().optional(), 'decay of the first moment (adam, adamw); default 0.9'),
  beta2: describe(share().optional(), 'decay of the second moment (adam, adamw); default 0.999'),
  epsilon: describe(positive().optional(), 'added to the root of the second moment (adam, adamw); default 1e-8'),
};
const optimizer = z.discriminatedUnion(
  'kind',
  [
    object({ kind: describe(z.literal('adam'), 'update rule'), ...adamShape }),
    object({
      kind: z.literal('adamw'),
      ...adamShape,
      weightDecay: describe(nonNegative().optional(), 'share of each parameter taken off a step (adamw); default 0.01'),
    }),
    object({ kind: z.literal('sgd'), ...anyOptimizer }),
    object({
      kind: z.literal('momentum'),
      ...anyOptimizer,
      momentum: describe(share().optional(), 'decay of the velocity (momentum); default 0.9'),
      nesterov: describe(yesNo().optional(), 'look ahead (momentum); default false'),
    }),
  ],
  'an object whose kind is adam, adamw, sgd or momentum',
);

const training = object({
  epochs: describe(whole(1), 'passes over the training data'),
  batchSize: describe(whole(1), 'examples a step'),
  microBatches: describe(whole(1).default(1), 'parts a batch is cut into to save memory'),
  seed: describe(whole(0).default(0), 'seed of everything random'),
  earlyStopping: describe(
    object({
      patience: describe(whole(1), 'epochs without a better validation ELBO before training stops'),
      minDelta: describe(nonNegative().optional(), 'smallest gain that counts, in nats'),
    }).optional(),
    'stop when the validation ELBO no longer rises',
  ),
});

/** The whole configuration of a run: what its config.json holds, what a file may set, and what every flag sets a part of. */
export const configSchema = object({
  schemaVersion: describe(
    z.literal(schemaVersion, `${schemaVersion}`).default(schemaVersion),
    'version of the meaning of these keys',
  ),
  preset: describe(text().default('vae'), 'the preset that the rest changes'),
  data,
  model,
  objective,
  optimizer,
  training,
  evaluation: object({
    numSamples: describe(whole(0).default(500), 'importance samples of the log-likelihood; 0 leaves it out'),
  }).default({ numSamples: 500 }),
});

export type RunConfig = z.infer<typeof configSchema>;
export type DataConfig = RunConfig['data'];

/** The schema and the library's own description of a recipe are the same type. */
export const recipeOf = ({ model, objective, optimizer, training, data }: RunConfig): RecipeConfig => ({
  model,
  objective,
  optimizer,
  training,
  binarization: data.binarization,
});
