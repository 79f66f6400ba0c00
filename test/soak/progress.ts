// What a soak has done so far, in a file, so that a later run goes on where this one stopped.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

type Span = readonly [from: number, to: number];

export interface Failed {
  readonly seed: number;
  readonly kind: string;
  readonly text: string;
}

interface Stored {
  /** Seeds that were played, as [from, to], in order. */
  readonly done: readonly Span[];
  readonly failures: readonly Failed[];
}

export class SoakProgress {
  readonly #file: string | undefined;
  #done: Span[] = [];
  #failures: Failed[] = [];

  /** @param file Where the record is kept; undefined: nothing is read and nothing is kept. */
  constructor(file: string | undefined) {
    this.#file = file;
    if (file === undefined) return;
    try {
      const stored = JSON.parse(readFileSync(file, 'utf8')) as Stored;
      this.#done = [...stored.done];
      this.#failures = [...stored.failures];
    } catch {
      // There is none yet.
    }
  }

  get failures(): readonly Failed[] {
    return this.#failures;
  }

  /** How many seeds of the span were played. */
  played([from, to]: Span): number {
    return this.#done.reduce((sum, [doneFrom, doneTo]) => sum + Math.max(0, Math.min(to, doneTo) - Math.max(from, doneFrom) + 1), 0);
  }

  /** Forgets the seeds of the span, in the file too, and no others. */
  forget([from, to]: Span): void {
    this.#done = this.#done
      .flatMap(([doneFrom, doneTo]): Span[] => [
        [doneFrom, Math.min(doneTo, from - 1)],
        [Math.max(doneFrom, to + 1), doneTo],
      ])
      .filter(([first, last]) => first <= last);
    this.#failures = this.#failures.filter(({ seed }) => seed < from || seed > to);
    this.#write();
  }

  /** The next seeds from `from` on that were not played, at most `count` up to `to`; undefined if there are none. */
  next(from: number, to: number, count: number): Span | undefined {
    let first = from;
    for (const [doneFrom, doneTo] of this.#done) if (doneFrom <= first && first <= doneTo) first = doneTo + 1;
    if (first > to) return undefined;
    const blocked = Math.min(...this.#done.map(([doneFrom]) => doneFrom).filter((doneFrom) => doneFrom > first));
    return [first, Math.min(to, first + count - 1, blocked - 1)];
  }

  finished(span: Span, failures: readonly Failed[]): void {
    this.#failures.push(...failures);
    const merged: [number, number][] = [];
    for (const [from, to] of [...this.#done, span].sort((a, b) => a[0] - b[0])) {
      const last = merged.at(-1);
      if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
      else merged.push([from, to]);
    }
    this.#done = merged;
    this.#write();
  }

  #write(): void {
    if (this.#file === undefined) return;
    mkdirSync(dirname(this.#file), { recursive: true });
    // Whoever is killed while writing leaves the record as it was, not half of one.
    const whole = `${this.#file}.${process.pid}`;
    writeFileSync(whole, `${JSON.stringify({ done: this.#done, failures: this.#failures })}\n`);
    renameSync(whole, this.#file);
  }
}
