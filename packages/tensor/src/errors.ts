/** What went wrong, as data: the command maps each code to an exit code, a page to a hint. */
export type ErrorCode =
  | 'shape' // tensors whose shapes do not fit
  | 'dtype' // tensors whose element types do not fit
  | 'config' // a configuration, option or argument that is not understood
  | 'data' // bytes or values that are not what they claim to be
  | 'file' // a file or folder that cannot be read or written
  | 'checksum' // a file whose sha256 is not the published one
  | 'diverged' // training produced a non-finite number
  | 'runtime' // a runtime is missing or refused a model
  | 'unsupported' // a combination of parts that has no meaning or no implementation
  | 'interrupted'; // the caller asked to stop

/** The facts of an error, each a phrase that stands by itself. */
export interface ErrorDetail {
  /** The offending value, as found. */
  readonly got?: string;
  /** What would have been accepted. */
  readonly expected?: string;
  /** What to do next. */
  readonly fix?: string;
  /** Where: a file, a configuration path, an operation. */
  readonly at?: string;
  readonly cause?: unknown;
}

/** Every error this project raises on purpose. The message is complete by itself; the fields are for programs. */
export class ReparamError extends Error {
  override readonly name = 'ReparamError';
  readonly code: ErrorCode;
  readonly got: string | undefined;
  readonly expected: string | undefined;
  readonly fix: string | undefined;
  readonly at: string | undefined;

  constructor(code: ErrorCode, what: string, detail: ErrorDetail = {}) {
    const { got, expected, fix, at, cause } = detail;
    const facts = [got && `got ${got}`, expected && `expected ${expected}`].filter(Boolean).join(', ');
    const place = at ? ` (${at})` : '';
    super(`${what}${place}${facts ? `: ${facts}` : ''}${fix ? `. ${fix}` : ''}`, { cause });
    this.code = code;
    this.got = got;
    this.expected = expected;
    this.fix = fix;
    this.at = at;
  }
}
