// Real DataChannels between peers in one process, through a bad network if wanted: for rigs, tests and benchmarks. What each peer gets
// is what joinMatch needs to find the others.
import { LIMITS } from '../core/defaults.js';
import { requireInteger } from '../core/errors.js';
import type { RtcConstructor } from '../link/rtc.js';
import type { PeerId } from '../negotiation/signal.js';
import type { Signaling } from '../signaling/interface.js';
import { memorySignaling } from '../signaling/memory.js';
import { type Relay, startRelay } from './relay.js';
import type { RelayImpairment, RelayStats, UdpAddress } from './relay-core.js';
import { relayedSignaling } from './relayed-signaling.js';
import { RTCPeerConnection } from './wrtc.js';

export interface LoopbackOptions {
  /** 2 to 8. */
  readonly peers: number;
  /** What the network does to packets between any two peers. Default: nothing, and no relay is in between. */
  readonly impair?: RelayImpairment;
  /** A 32-bit integer: the same seed, the same fate of packets. Default 1. */
  readonly seed?: number;
}

/** Options of joinMatch for one peer. */
export interface LoopbackPeer {
  readonly signaling: Signaling;
  readonly room: string;
  readonly rtc: RtcConstructor;
}

export interface Loopback {
  readonly peers: readonly LoopbackPeer[];
  /** What the relays did, one for each pair that has met. Empty without `impair`. */
  relayStats(): readonly RelayStats[];
  /** Replaces the conditions between all peers from now on, all of them: `{ loss: 1 }` is a blackout without delay. Without `impair` at the start it does nothing. */
  setImpairment(impair: RelayImpairment): void;
  /** Frees the relays. Close the matches first. May be called again. */
  close(): void;
}

/**
 * Prepares a network of peers in this process.
 * @example
 * const rig = await loopback({ peers: 2, impair: { delayMs: 40, jitterMs: 10, loss: 0.05 } });
 * const matches = await Promise.all(rig.peers.map((peer) => joinMatch({ ...peer, game: newGame(), input, gameId: 'duel@1', players: 2 })));
 */
export async function loopback({ peers, impair, seed = 1 }: LoopbackOptions): Promise<Loopback> {
  requireInteger('peers', peers, 2, LIMITS.players);
  const room = memorySignaling();
  const free: Relay[] = [];
  if (impair !== undefined) {
    for (let pair = 0; pair < (peers * (peers - 1)) / 2; pair++) free.push(await startRelay({ impair, seed: seed + pair }));
  }
  const relays = [...free];
  const taken = new Map<string, Relay>();

  /** The relay between two peers; the lower id is its side A. */
  const between = (self: PeerId, remote: PeerId): UdpAddress | undefined => {
    const key = JSON.stringify(self < remote ? [self, remote] : [remote, self]);
    const relay = taken.get(key) ?? free.shift();
    if (relay === undefined) return undefined;
    taken.set(key, relay);
    return self < remote ? relay.a : relay.b;
  };
  const signalingOfOne = (): Signaling => {
    if (impair === undefined) return room;
    let self: PeerId | undefined;
    const relayed = relayedSignaling(room, (remote) => (self === undefined ? undefined : between(self, remote)));
    return {
      // A description takes longer to make than joining takes to return: by then it is known who we are.
      join: async (name, on, signal) => {
        const joined = await relayed.join(name, on, signal);
        self = joined.self;
        return joined;
      },
    };
  };
  return {
    peers: Array.from({ length: peers }, () => ({ signaling: signalingOfOne(), room: 'loopback', rtc: RTCPeerConnection })),
    relayStats: () => [...taken.values()].map((relay) => relay.stats()),
    setImpairment: (next) => {
      for (const relay of relays) relay.setImpairment(next);
    },
    close: () => {
      for (const relay of relays) relay.close();
    },
  };
}
