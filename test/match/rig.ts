// Real matches of chain games over real DataChannels in this process, with everything written down, for tests.
import { NetError } from '../../src/core/errors.js';
import { joinMatch } from '../../src/match/join.js';
import type { Match } from '../../src/match/match.js';
import type { MatchOptions } from '../../src/match/options.js';
import { type Loopback, loopback, type LoopbackOptions } from '../../src/node/loopback.js';
import { randomButtons } from '../../src/sim/bots.js';
import { Recorder } from '../../src/sim/recorder.js';
import { createRng } from '../../src/core/rng.js';
import { buttons, chainGame } from '../games.js';

type State = { frame: number; chain: number };

/** Resolves once it holds. What holds is an event that has happened; how much time that takes does not matter. */
export function until(holds: () => boolean): Promise<void> {
  return new Promise((done) => {
    const timer = setInterval(() => {
      if (!holds()) return;
      clearInterval(timer);
      done();
    }, 5);
  });
}

export interface RigPeer {
  readonly match: Match<number, State>;
  readonly recorder: Recorder<number, State>;
  readonly dropped: string[];
  error: NetError | undefined;
}

export class Rig {
  readonly net: Loopback;
  readonly peers: RigPeer[] = [];

  private constructor(net: Loopback) {
    this.net = net;
  }

  /** Connects `players` peers. */
  static async start(options: LoopbackOptions, play: Partial<MatchOptions<number, State>> = {}): Promise<Rig> {
    const rig = new Rig(await loopback(options));
    await Promise.all(
      rig.net.peers.map(async (place) => {
        let match: Match<number, State> | undefined;
        const recorder = new Recorder(chainGame(), () => -1);
        const joined = await joinMatch({ ...place, game: recorder, input: buttons, gameId: 'chain@1', players: options.peers, ...play });
        match = joined;
        const peer: RigPeer = { match, recorder, dropped: [], error: undefined };
        rig.peers.push(peer);
        match.on('dropped', ({ peer: who, why }) => peer.dropped.push(`${who} ${why}`));
        match.on('ended', ({ error }) => {
          peer.error = error;
        });
      }),
    ).catch((error: unknown) => {
      rig.close();
      throw error;
    });
    rig.peers.sort((a, b) => (a.match.self < b.match.self ? -1 : 1));
    return rig;
  }

  /** Runs all loops. Resolves when every peer has settled the frame, or a match has ended. */
  play(frame: number): Promise<void> {
    return new Promise((resolve) => {
      for (const peer of this.peers) {
        const bot = randomButtons(createRng(7, peer.match.self), 0.2);
        let n = 0;
        peer.match.run({
          sample: () => bot(n++),
          draw: () => {
            if (this.peers.every(({ match }) => match.settledFrame >= frame)) resolve();
          },
        });
        peer.match.on('ended', () => resolve());
      }
    });
  }

  /** The first frame, of those that all have confirmed, at which two peers differ; −1 if there is none. */
  difference(): number {
    const last = Math.min(...this.peers.map(({ match }) => match.confirmedFrame));
    const [first, ...others] = this.peers.map(({ recorder }) => recorder);
    for (let frame = 0; frame <= last; frame++) {
      for (const other of others) {
        if (first!.hashes[frame] !== other.hashes[frame] || first!.inputs[frame] !== other.inputs[frame]) return frame;
      }
    }
    return -1;
  }

  close(): void {
    for (const { match } of this.peers) match.close();
    this.net.close();
  }
}
