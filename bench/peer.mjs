import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A process that answers one JSON line to each. */
export class Peer {
  #child;
  #lines;
  #error;

  constructor(label, command, args, env = {}) {
    this.label = label;
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, ...env } });
    this.#child.on('error', (error) => {
      this.#error = error;
    });
    this.#child.stdin.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Sends a command; a peer that is not there or fails answers `{missing}` or `{error}`. */
  async ask(cmd, args = {}) {
    if (this.#error) return { missing: this.#error.message };
    this.#child.stdin.write(`${JSON.stringify({ cmd, ...args })}\n`);
    const { value, done } = await this.#lines.next();
    if (done) return { missing: this.#error?.message ?? 'the process ended' };
    return JSON.parse(value);
  }

  close() {
    this.#child.kill();
  }
}
