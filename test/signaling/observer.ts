// Handlers that note what they are told, and waits for it.
import type { Signal } from '../../src/negotiation/signal.js';
import type { SignalingHandlers } from '../../src/signaling/interface.js';

/** Everything is noted as [name of the handler, ...its arguments]. */
export class NotingHandlers implements SignalingHandlers {
  readonly seen: (readonly unknown[])[] = [];
  readonly #waiting: { count: number; done: () => void }[] = [];

  peer(id: string): void {
    this.#note('peer', id);
  }
  gone(id: string): void {
    this.#note('gone', id);
  }
  signal(from: string, signal: Signal): void {
    this.#note('signal', from, signal);
  }
  status(state: string, reason?: string): void {
    this.#note('status', state, reason);
  }
  unknown(message: unknown): void {
    this.#note('unknown', message);
  }

  /** Resolves when this many events have been seen; the test's own time limit bounds it. */
  async until(count: number): Promise<void> {
    if (this.seen.length < count) await new Promise<void>((done) => this.#waiting.push({ count, done }));
  }

  #note(...event: readonly unknown[]): void {
    this.seen.push(event);
    for (const { count, done } of this.#waiting) if (this.seen.length >= count) done();
  }
}

export function bye(attempt: string): Signal {
  return { attempt, kind: 'bye', reason: 'test' };
}
