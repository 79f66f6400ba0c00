// What a soak has done so far, in a file, so that a later run goes on where this one stopped.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Failed {
  readonly seed: number;
  readonly kind: string;
  readonly text: string;
}

interface Stored {
  /** Seeds that were played, as [from, to], in order. */
  readonly done: readonly (readonly [number, number])[];
  readonly failures: readonly Failed[];
}

export class SoakProgress {
  readonly #file: string;
  #done: (readonly [number, number])[] = [];
  readonly failures: Failed[] = [];

  /** @param fresh Whether what the file says is to be forgotten. */
  constructor(file: string, fresh: boolean) {
    this.#file = file;
    if (fresh) return;
    try {
      const stored = JSON.parse(readFileSync(file, 'utf8')) as Stored;
      this.#done = [...stored.done];
      this.failures.push(...stored.failures);
    } catch {
      // There is none yet.
    }
  }

  /** The next seeds from `from` on that were not played, at most `count` up to `to`; undefined if there are none. */
  next(from: number, to: number, count: number): readonly [number, number] | undefined {
    let first = from;
    for (const [doneFrom, doneTo] of this.#done) if (doneFrom <= first && first <= doneTo) first = doneTo + 1;
    if (first > to) return undefined;
    const blocked = Math.min(...this.#done.map(([doneFrom]) => doneFrom).filter((doneFrom) => doneFrom > first));
    return [first, Math.min(to, first + count - 1, blocked - 1)];
  }

  finished(span: readonly [number, number], failures: readonly Failed[]): void {
    this.failures.push(...failures);
    const merged: [number, number][] = [];
    for (const [from, to] of [...this.#done, span].sort((a, b) => a[0] - b[0])) {
      const last = merged.at(-1);
      if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
      else merged.push([from, to]);
    }
    this.#done = merged;
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, `${JSON.stringify({ done: this.#done, failures: this.failures })}\n`);
  }
}
