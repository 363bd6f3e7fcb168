import { ReparamError, type Runtime } from '@reparam/tensor';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { errorJson, exitCodeOf } from './exitCode.ts';
import { openRuntime, type RuntimeChoice } from './runtime.ts';
import { type Bar, progressBar, progressVariable, sentBar } from './terminal/bar.ts';
import { requireWritable } from './writable.ts';

/** What a command prints on stdout: `json` with `--json`, `text` otherwise. */
export interface Output {
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Options that every command has. */
export interface CommonOptions extends RuntimeChoice {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** What a command has at hand while it runs. */
export interface Session {
  /** A line on stderr, unless `--quiet`. */
  say(text: string): void;
  /** A line on stderr, always. */
  warn(text: string): void;
  /** A progress bar on stderr, when that is a terminal and not `--quiet`; clear it before writing. */
  readonly bar: Bar;
  /** The runtime the options ask for, opened at the first call. */
  runtime(): Promise<Runtime>;
  /** From now on the first Ctrl-C (or SIGTERM) aborts this signal instead of ending the process; the second ends it. */
  interruptible(): AbortSignal;
}

/** A command: does its work and returns what to print. */
export type Action<Args extends unknown[], Options> = (
  session: Session,
  ...args: [...args: Args, options: Options & CommonOptions]
) => Promise<Output>;

export interface App {
  /** The code the process should exit with. */
  exitCode: number;
  /**
   * Makes `action` the work of `command`, with `--json`, `--quiet` and `--verbose`: its errors become one line on stderr
   * and an exit code.
   */
  action<Args extends unknown[], Options>(command: Command, action: Action<Args, Options>): void;
}

/** Adds `--runtime`, `--provider` and `--threads` to a command that computes. */
export function addRuntimeOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--runtime <name>', 'what runs the programs; default: node, or wasm where that is missing').choices([
        'node',
        'wasm',
        'reference',
      ]),
    )
    .addOption(
      new Option('--provider <name>', 'execution provider of the node runtime').choices([
        'cpu',
        'webgpu',
        'cuda',
        'coreml',
        'dml',
      ]),
    )
    .option('--threads <n>', 'threads within one operation; default: one a core', wholeOption(1));
}

/** Reads the value of an option as a whole number, `least` or more. */
export const wholeOption = (least: number) => (text: string) => {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new InvalidArgumentError(`Expected a whole number, ${least} or more.`);
};

/** Reads the value of an option as a number. */
export const numberOption = (text: string): number => {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number.');
};

/** The application: one command of the program runs once. */
export function createApp(): App {
  const app: App = {
    exitCode: 0,
    action(command, action) {
      command
        .option('--json', 'print one JSON object on stdout, nothing else there')
        .option('-q, --quiet', 'no progress on stderr, only warnings and errors')
        .option('--verbose', 'with errors, also where in the program they arose');
      command.action(async (...all: unknown[]) => {
        const given = all.slice(0, -1) as Parameters<typeof action> extends [Session, ...infer Rest] ? Rest : never;
        const options = command.opts<CommonOptions & { out?: string }>();
        const session = createSession(options);
        try {
          if (options.out !== undefined) await requireWritable(options.out);
          const { json, text } = await action(session, ...(given as never));
          session.bar.clear();
          await print(options.json ? JSON.stringify(json) : text);
        } catch (thrown) {
          session.bar.clear();
          const error = asInterrupted(thrown);
          app.exitCode = exitCodeOf(error);
          await report(error, options);
        }
      });
    },
  };
  return app;
}

/** Writes the error to stderr and, with `--json`, to stdout as the one object there. */
export async function report(error: unknown, { json, verbose }: CommonOptions): Promise<void> {
  const isKnown = error instanceof ReparamError;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`reparam: ${isKnown ? message : `internal error: ${message}`}\n`);
  if (verbose && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (json) await print(JSON.stringify(errorJson(error)));
}

/** Writes a line to stdout and waits until it is out. */
export const print = (text: string): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write(`${text}\n`, () => resolve());
  });

function createSession(options: CommonOptions): Session {
  const isChild = process.env[progressVariable] !== undefined;
  // Without the command that started it, nobody asks for the rest: it ends as by Ctrl-C.
  if (isChild) process.once('disconnect', () => process.kill(process.pid, 'SIGINT'));
  const bar = isChild ? sentBar((state) => process.send?.(state)) : progressBar(process.stderr, !options.quiet);
  const warn = (text: string) => {
    bar.clear();
    process.stderr.write(`${text}\n`);
  };
  let opened: Promise<Runtime> | undefined;
  let signal: AbortSignal | undefined;
  return {
    bar,
    warn,
    say: (text) => {
      if (!options.quiet) warn(text);
    },
    runtime: () => {
      opened ??= openRuntime(options, (text) => warn(`note: ${text}`));
      return opened;
    },
    interruptible: () => {
      signal ??= abortOnSignals();
      return signal;
    },
  };
}

function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    controller.abort();
    // Ctrl-C reaches a command and the one that started it, which passes it on: that is not a second one.
    setTimeout(() => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    }, 500).unref();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}

/** What `signal.throwIfAborted()` throws, as an error of ours. */
const asInterrupted = (error: unknown): unknown =>
  error instanceof DOMException && error.name === 'AbortError'
    ? new ReparamError('interrupted', 'interrupted', { cause: error })
    : error;
