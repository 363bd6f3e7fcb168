import { z } from 'zod';
import { describe, object } from './leaves.ts';

const standard = object({ kind: describe(z.literal('standard'), 'family of p(z): standard is N(0, I)') });

/** Family of p(z). */
export const prior = z.discriminatedUnion('kind', [standard], 'an object whose kind is standard');
