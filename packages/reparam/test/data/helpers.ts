import { ReparamError } from '@reparam/tensor';
import { expect } from 'vitest';

/** Runs `action`, which must throw a ReparamError of `code` whose message matches `message`. */
export function expectError(action: () => unknown, code: string, message: RegExp): void {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  check(thrown, code, message);
}

/** As `expectError`, for a promise. */
export async function expectRejection(promise: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  check(
    await promise.then(
      () => undefined,
      (error) => error,
    ),
    code,
    message,
  );
}

function check(thrown: unknown, code: string, message: RegExp): void {
  expect(thrown).toBeInstanceOf(ReparamError);
  expect((thrown as ReparamError).code).toBe(code);
  expect((thrown as ReparamError).message).toMatch(message);
}

/** An IDX file of `type` with big-endian `body`. */
export function idxBytes(type: number, shape: readonly number[], body: Uint8Array): Uint8Array {
  const header = new Uint8Array(4 + 4 * shape.length);
  header.set([0, 0, type, shape.length]);
  const view = new DataView(header.buffer);
  shape.forEach((length, axis) => {
    view.setUint32(4 + 4 * axis, length);
  });
  return Uint8Array.from([...header, ...body]);
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
