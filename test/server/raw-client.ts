// What a stranger can do to a room server: a WebSocket without an adapter, and a clock that is moved by hand.
import type { Clock } from '../../src/core/clock.js';
import { WebSocket } from '../../src/server/ws.js';

export class RawClient {
  readonly socket: WebSocket;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  readonly #opened: Promise<void>;
  readonly #arrived: unknown[] = [];
  #next: (() => void) | undefined;

  constructor(url: string, options: { autoPong?: boolean } = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer) => {
      this.#arrived.push(JSON.parse(data.toString()));
      this.#next?.();
    });
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.#opened = new Promise((resolve) => this.socket.once('open', resolve));
  }

  static async open(url: string, options?: { autoPong?: boolean }): Promise<RawClient> {
    const client = new RawClient(url, options);
    await client.#opened;
    return client;
  }

  /** A client that has joined; the answer to it has been read. */
  static async joined(url: string, room: string, id?: string, options?: { autoPong?: boolean }): Promise<RawClient> {
    const client = await RawClient.open(url, options);
    client.say({ kind: 'join', v: 1, room, ...(id === undefined ? {} : { id }) });
    const answer = (await client.next()) as { kind: string };
    if (answer.kind !== 'joined') throw new Error(`not joined: ${JSON.stringify(answer)}`);
    return client;
  }

  say(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  sayRaw(data: string | Uint8Array): void {
    this.socket.send(data);
  }

  /** The next message that has not been read yet. */
  async next(): Promise<unknown> {
    while (this.#arrived.length === 0) await new Promise<void>((resolve) => (this.#next = resolve));
    return this.#arrived.shift();
  }

  /** Sends a signal to another client of the room and reads it there. */
  async reaches(to: RawClient, from: string, id: string): Promise<void> {
    this.say({ kind: 'signal', to: id, signal: 'are you there' });
    const heard = JSON.stringify(await to.next());
    const expected = JSON.stringify({ kind: 'signal', from, signal: 'are you there' });
    if (heard !== expected) throw new Error(`${heard} instead of ${expected}`);
  }
}

/** A clock that stands still until it is told. */
export class HandClock implements Clock {
  #now = 0;
  #timers: { at: number; fn: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + ms, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** How many timers are running. */
  get running(): number {
    return this.#timers.length;
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { fn } of due) fn();
  }
}
