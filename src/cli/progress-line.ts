// Some lines that tell how far something is: rewritten in place on a terminal, printed now and then as one line elsewhere.
import type { WriteStream } from 'node:tty';

/** How often they change on a terminal, and elsewhere, in ms. */
const TERMINAL_MS = 100;
const PLAIN_MS = 2_000;
const CLEAR_LINE = '\r\u001b[K';

export class ProgressLine {
  readonly #out: WriteStream;
  readonly #describe: () => readonly string[];
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Lines that stand on the terminal now. */
  #shown = 0;
  #last = '';

  constructor(out: WriteStream, describe: () => readonly string[]) {
    this.#out = out;
    this.#describe = describe;
  }

  start(): void {
    this.#timer = setInterval(() => this.#show(), this.#out.isTTY ? TERMINAL_MS : PLAIN_MS);
  }

  /** Prints a line of its own above. */
  note(text: string): void {
    this.#clear();
    this.#out.write(`${text}\n`);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #show(): void {
    const lines = this.#describe();
    if (this.#out.isTTY) {
      this.#clear();
      const width = Math.max(20, this.#out.columns - 1);
      this.#out.write(lines.map((line) => line.slice(0, width)).join('\n'));
      this.#shown = lines.length;
      return;
    }
    const text = lines.join('  ·  ');
    // Standing still is told once.
    if (text !== this.#last) this.#out.write(`${text}\n`);
    this.#last = text;
  }

  #clear(): void {
    if (this.#shown === 0) return;
    this.#out.write(`${CLEAR_LINE}${`\u001b[A${CLEAR_LINE}`.repeat(this.#shown - 1)}`);
    this.#shown = 0;
  }
}
