// Wraps a signaling adapter so that this peer never sees another's addresses, only a relay's: all traffic then passes the relay.
// Both peers must be wrapped. The trade-off: what it delivers differs from what was sent, on purpose, against clause 3 of the contract.
import type { PeerId, Signal } from '../negotiation/signal.js';
import type { Signaling, SignalingHandlers, SignalingRoom } from '../signaling/interface.js';
import type { UdpAddress } from './relay-core.js';
import { hostCandidate, withoutCandidates } from './sdp-candidates.js';

/** What was kept from this peer, in all its rooms. */
export interface WithheldCounters {
  /** Candidates that came as signals of their own. An end of candidates counts too. */
  readonly trickled: number;
  /** Candidates that were taken out of descriptions. */
  readonly inDescriptions: number;
  /** Descriptions and candidates of a second peer connection (`connection` over 0): a relay serves one. */
  readonly secondConnection: number;
  /** Descriptions and candidates of peers for which there is no relay. */
  readonly noRelay: number;
}

export interface RelayedSignaling extends Signaling {
  readonly withheld: WithheldCounters;
}

/**
 * An adapter whose peers only know the relay. Of each incoming description the candidates are removed; after it come one
 * host candidate with the relay's address, and the end of candidates. Trickled candidates are withheld.
 *
 * A relay serves one peer connection of a pair, so descriptions and candidates with `connection` over 0 are withheld: a link
 * with two connections comes up with its first one only.
 *
 * @param candidateFor where this peer is to send what is meant for `remote` (`relay.a` or `relay.b`, whichever side this peer
 *   is); undefined if there is no relay, and then nothing that names an address of that peer gets through.
 */
export function relayedSignaling(inner: Signaling, candidateFor: (remote: PeerId) => UdpAddress | undefined): RelayedSignaling {
  const withheld = { trickled: 0, inDescriptions: 0, secondConnection: 0, noRelay: 0 };

  /** What this peer gets to see of a signal. */
  function relayed(from: PeerId, signal: Signal): readonly Signal[] {
    if (signal.kind === 'bye') return [signal];
    if ((signal.connection ?? 0) > 0) {
      withheld.secondConnection++;
      return [];
    }
    const relay = candidateFor(from);
    if (relay === undefined) {
      withheld.noRelay++;
      return [];
    }
    if (signal.kind === 'candidate') {
      withheld.trickled++;
      return [];
    }
    const { sdp, candidates } = withoutCandidates(signal.sdp);
    withheld.inDescriptions += candidates;
    const { attempt, connection } = signal;
    const common = connection === undefined ? { attempt } : { attempt, connection };
    return [
      { ...signal, sdp },
      { ...common, kind: 'candidate', candidate: hostCandidate(relay) },
      { ...common, kind: 'candidate', candidate: null },
    ];
  }

  return {
    withheld,
    async join(room, on, abort) {
      let closed = false;
      const handlers: SignalingHandlers = {
        peer: (id) => on.peer(id),
        gone: (id) => on.gone(id),
        status: (state, reason) => on.status(state, reason),
        unknown: (message) => on.unknown(message),
        signal(from, signal) {
          for (const each of relayed(from, signal)) {
            // The handler may have closed the room at the signal before.
            if (!closed) on.signal(from, each);
          }
        },
      };
      const joined = await inner.join(room, handlers, abort);
      const { self, iceServers } = joined;
      const wrapped: SignalingRoom = {
        self,
        send: (to, signal) => joined.send(to, signal),
        close() {
          closed = true;
          joined.close();
        },
      };
      return iceServers === undefined ? wrapped : { ...wrapped, iceServers };
    },
  };
}
