// Two peers that join a match over the peer-connection double, on one virtual clock: the whole library but for the browser.
import { createRng } from '../../src/core/rng.js';
import { joinMatch } from '../../src/match/join.js';
import type { Match } from '../../src/match/match.js';
import type { MatchOptions } from '../../src/match/options.js';
import type { Impairment } from '../../src/sim/impairment.js';
import { passTime } from '../../src/sim/pass-time.js';
import { RtcWorld } from '../../src/sim/rtc-world.js';
import { VirtualClock } from '../../src/sim/virtual-clock.js';
import { VirtualSignaling } from '../../src/sim/virtual-signaling.js';
import { buttons, chainGame, type ChainState } from '../games.js';

const breathe = (): Promise<void> => new Promise((done) => setImmediate(done));

export type ChainMatch = Match<number, ChainState>;

export class VirtualPair {
  readonly clock = new VirtualClock();
  readonly world: RtcWorld;
  /** In the order of the peers; fewer if one did not get there. */
  readonly matches: ChainMatch[] = [];
  readonly #joined: (ChainMatch | undefined)[] = [];

  private constructor(seed: number, network: Impairment) {
    this.world = new RtcWorld({ clock: this.clock, rng: createRng(seed, 'world'), network });
  }

  /** Both join; resolves when both have, or have given up. @param play What is peculiar to a peer. */
  static async meet(
    seed: number,
    network: Impairment,
    play: (peer: 0 | 1) => Partial<MatchOptions<number, ChainState>>,
  ): Promise<VirtualPair> {
    const pair = new VirtualPair(seed, network);
    const { clock, world } = pair;
    const server = new VirtualSignaling({ clock, rng: createRng(seed, 'server'), delayMs: 20 });
    let settled = 0;
    for (const peer of [0, 1] as const) {
      const random = createRng(seed, `peer ${peer}`);
      joinMatch({
        input: buttons,
        gameId: 'chain@1',
        players: 2,
        game: chainGame(),
        signaling: server.adapter(),
        room: 'room',
        rtc: world.rtc(`host ${peer}`),
        clock,
        random: () => random.u32(),
        ...play(peer),
      }).then(
        (match) => {
          pair.#joined[peer] = match;
          settled++;
        },
        () => settled++,
      );
    }
    while (settled < 2) await pair.pass(50);
    pair.matches.push(...pair.#joined.filter((match) => match !== undefined));
    return pair;
  }

  pass(ms: number): Promise<void> {
    return passTime(this.clock, ms, breathe);
  }

  /** Closes both, and gives everything the time to end. */
  async close(): Promise<void> {
    for (const match of this.matches) match.close();
    await this.pass(3_000);
  }
}
