// States that hold memory outside JavaScript: every one that a game made is handed back to it, whatever ends the match.
import { afterEach, describe, expect, it } from 'vitest';
import type { Game, MaybePromise } from '../../src/core/game.js';
import { joinMatch } from '../../src/match/join.js';
import type { Match } from '../../src/match/match.js';
import { type Loopback, loopback } from '../../src/node/loopback.js';
import { buttons } from '../games.js';
import { until } from './rig.js';

/** What stands for memory outside: freed exactly once, and never used after that. */
interface Handle {
  readonly value: number;
  live: boolean;
}

class Handles implements Game<number, Handle> {
  live = 0;
  made = 0;
  #value = 0;
  readonly #later: <T>(value: T) => MaybePromise<T>;

  constructor(isAsync: boolean) {
    this.#later = isAsync ? (value) => Promise.resolve(value) : (value) => value;
  }

  advance(inputs: readonly number[]): MaybePromise<void> {
    this.#value = (this.#value * 31 + inputs[0]! * 7 + inputs[1]!) % 1_000_003;
    return this.#later(undefined);
  }

  save(reuse: Handle | undefined): MaybePromise<Handle> {
    if (reuse !== undefined) this.free(reuse);
    this.live++;
    this.made++;
    return this.#later({ value: this.#value, live: true });
  }

  load(saved: Handle): MaybePromise<void> {
    if (!saved.live) throw new Error('a state was loaded after it was freed');
    this.#value = saved.value;
    return this.#later(undefined);
  }

  free(saved: Handle): void {
    if (!saved.live) throw new Error('a state was freed twice');
    saved.live = false;
    this.live--;
  }

  checksum(saved: Handle): number {
    return saved.value;
  }
}

let net: Loopback | undefined;
let matches: Match<number, Handle>[] = [];

afterEach(() => {
  for (const match of matches) match.close();
  net?.close();
});

describe.each([
  ['at once', false],
  ['later', true],
])('a game that answers %s', (_, isAsync) => {
  it('gets back every state that it saved, when it leaves and when it is left', async () => {
    net = await loopback({ peers: 2 });
    const games = [new Handles(isAsync), new Handles(isAsync)];
    matches = await Promise.all(
      net.peers.map((place, i) => joinMatch({ ...place, game: games[i]!, input: buttons, gameId: 'handles@1', players: 2, inputDelay: 0 })),
    );
    let n = 0;
    for (const match of matches) match.run({ sample: () => n++ });
    await until(() => matches.every((match) => match.settledFrame > 70));
    expect(Math.min(...games.map(({ live }) => live))).toBeGreaterThan(0);
    expect(Math.max(...games.map(({ live }) => live))).toBeLessThanOrEqual(8 + 4);
    const other = new Promise((ended) => matches[1]!.on('dropped', ended));
    matches[0]!.close();
    await other;
    matches[1]!.close();
    await until(() => games.every(({ live }) => live === 0));
    expect(Math.min(...games.map(({ made }) => made))).toBeGreaterThan(10);
  });
});
