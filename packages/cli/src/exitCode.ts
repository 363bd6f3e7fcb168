import { ReparamError } from '@reparam/tensor';

/** 0 ok, 1 failure, 2 usage or configuration, 3 diverged, 130 interrupted. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof ReparamError)) return 1;
  return { config: 2, unsupported: 2, diverged: 3, interrupted: 130 }[error.code as string] ?? 1;
}

/** An error as data, for `--json`. */
export function errorJson(error: unknown): Record<string, unknown> {
  if (!(error instanceof ReparamError)) {
    return { error: { code: 'internal', message: error instanceof Error ? error.message : String(error) } };
  }
  const { code, message, got, expected, fix, at } = error;
  return { error: { code, message, got, expected, fix, at } };
}
