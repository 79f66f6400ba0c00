// States that hold memory outside JavaScript: every one that a game made is handed back to it, whatever ends the match.
import { afterEach, describe, expect, it } from 'vitest';
import type { Game, MaybePromise } from '../../src/core/game.js';
import { joinMatch } from '../../src/match/join.js';
import type { Match } from '../../src/match/match.js';
import { type Loopback, loopback } from '../../src/node/loopback.js';
import { timerTicker } from '../../src/match/ticker.js';
import { buttons, chainGame, type ChainState } from '../games.js';
import { until } from './rig.js';
import { VirtualPair } from './virtual-pair.js';

/** What stands for memory outside: freed exactly once, and never used after that. */
interface Handle {
  readonly value: number;
  live: boolean;
}

class Handles implements Game<number, Handle> {
  live = 0;
  made = 0;
  /** Called at the beginning of each call of the game. */
  onCall: (what: 'advance' | 'save' | 'load') => void = () => {};
  #value = 0;
  #inside = false;
  readonly #later: <T>(value: T) => MaybePromise<T>;

  constructor(isAsync: boolean) {
    this.#later = isAsync ? (value) => Promise.resolve(value) : (value) => value;
  }

  #enter(what: 'advance' | 'save' | 'load'): void {
    this.#inside = true;
    this.onCall(what);
    this.#inside = false;
  }

  advance(inputs: readonly number[]): MaybePromise<void> {
    this.#enter('advance');
    this.#value = (this.#value * 31 + inputs[0]! * 7 + inputs[1]!) % 1_000_003;
    return this.#later(undefined);
  }

  save(reuse: Handle | undefined): MaybePromise<Handle> {
    this.#enter('save');
    if (reuse !== undefined) this.free(reuse);
    this.live++;
    this.made++;
    return this.#later({ value: this.#value, live: true });
  }

  load(saved: Handle): MaybePromise<void> {
    this.#enter('load');
    if (!saved.live) throw new Error('a state was loaded after it was freed');
    this.#value = saved.value;
    return this.#later(undefined);
  }

  free(saved: Handle): void {
    if (this.#inside) throw new Error('a state was freed in the middle of a call');
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

  it.each(['advance', 'save', 'load'] as const)(
    'that closes its match in the middle of %s keeps what it has in its hands',
    async (what) => {
      net = await loopback({ peers: 2 });
      const games = [new Handles(isAsync), new Handles(isAsync)];
      matches = await Promise.all(
        net.peers.map((place, i) =>
          joinMatch({ ...place, game: games[i]!, input: buttons, gameId: 'handles@1', players: 2, inputDelay: 0 }),
        ),
      );
      const [mine, other] = matches;
      const errors: unknown[] = [];
      mine!.on('ended', ({ error }) => errors.push(error));
      let closed = false;
      games[0]!.onCall = (now) => {
        if (closed || now !== what || mine!.frame < 20) return;
        closed = true;
        mine!.close();
      };
      let n = 0;
      for (const match of matches) match.run({ sample: () => n++ });
      await until(() => closed);
      other!.close();
      await until(() => games.every(({ live }) => live === 0));
      expect(errors).toEqual([undefined]);
    },
  );
});

it('one state that cannot be freed is told, and does not keep the others', async () => {
  let live = 0;
  const freed: number[] = [];
  const chain = chainGame();
  const game: Game<number, ChainState> = {
    ...chain,
    save: (reuse) => {
      if (reuse === undefined) live++;
      return chain.save(reuse);
    },
    free: () => {
      freed.push(--live);
      if (freed.length === 1) throw new Error('it is stuck');
    },
  };
  const pair = await VirtualPair.meet(1, { delayMs: 50 }, (peer) => (peer === 0 ? { game, inputDelay: 0 } : { inputDelay: 0 }));
  for (const match of pair.matches) match.run({ sample: () => 1, ticker: timerTicker(pair.clock) });
  await pair.pass(2_000);
  const held = live;
  expect(held).toBeGreaterThan(3);
  // Nobody listens any more once a match is closed: what its game throws then is thrown where it is seen.
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const thrown = new Promise<unknown>((seen) => process.once('uncaughtException', seen));
  try {
    await pair.close();
    expect(await thrown).toMatchObject({ code: 'game-failed', cause: { message: 'it is stuck' } });
  } finally {
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
  expect(freed).toHaveLength(held);
  expect(live).toBe(0);
});
