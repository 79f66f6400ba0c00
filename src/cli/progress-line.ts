// A line that tells how far something is: rewritten in place on a terminal, printed now and then elsewhere.
import type { WriteStream } from 'node:tty';

/** How often it changes on a terminal, and elsewhere, in ms. */
const TERMINAL_MS = 100;
const PLAIN_MS = 2_000;

export class ProgressLine {
  readonly #out: WriteStream;
  readonly #describe: () => string;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(out: WriteStream, describe: () => string) {
    this.#out = out;
    this.#describe = describe;
  }

  start(): void {
    this.#timer = setInterval(() => this.#show(), this.#out.isTTY ? TERMINAL_MS : PLAIN_MS);
  }

  /** Prints a line of its own above. */
  note(text: string): void {
    this.#out.write(this.#out.isTTY ? `\r\u001b[K${text}\n` : `${text}\n`);
  }

  stop(): void {
    clearInterval(this.#timer);
    if (this.#out.isTTY) this.#out.write('\r\u001b[K');
  }

  #show(): void {
    const text = this.#describe();
    this.#out.write(this.#out.isTTY ? `\r\u001b[K${text.slice(0, Math.max(20, this.#out.columns - 1))}` : `${text}\n`);
  }
}
