import { z } from 'zod';

/** Adds what a key means, for help and documentation. */
export const describe = <T extends z.ZodType>(schema: T, description: string): T => schema.meta({ description }) as T;

// The text of a leaf is what an error says was expected.
/** A whole number from `least`. */
export const whole = (least: number) => {
  const text = least === 0 ? 'a whole number, 0 or more' : `a whole number, ${least} or more`;
  return z.int(text).min(least, text);
};
/** A number above 0. */
export const positive = () => z.number('a positive number').positive('a positive number');
/** A number from 0. */
export const nonNegative = () => z.number('a number, 0 or more').min(0, 'a number, 0 or more');
/** A share from 0 to below 1. */
export const share = () =>
  z.number('a number from 0 to below 1').min(0, 'a number from 0 to below 1').lt(1, 'a number below 1');
/** Text that is not empty. */
export const text = () => z.string('text').min(1, 'text');
/** True or false. */
export const yesNo = () => z.boolean('true or false');
/** One of `values`. */
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `one of ${values.join(', ')}`);
/** One of the names of `table`. */
export const names = <T extends object>(table: T) =>
  oneOf(Object.keys(table) as [keyof T & string, ...(keyof T & string)[]]);
/** An object with these keys and no others. */
export const object = <T extends z.core.$ZodLooseShape>(shape: T) => z.strictObject(shape, 'an object {…}');
/** A list of sizes. */
export const sizes = (least: number) =>
  z.array(whole(least), 'a list of whole numbers such as [200, 200]').max(64, 'at most 64 layers');
