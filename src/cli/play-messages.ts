// What the processes of `rollwire play` say to each other.
import type { PeerId } from '../core/peer.js';
import type { PlaySettings } from './play-flags.js';

/** What a peer process is told, as its one argument, in JSON. */
export interface PeerTask {
  readonly settings: PlaySettings;
  readonly self: PeerId;
  /** Which of the recorded players it is. */
  readonly player: number;
  readonly url: string;
  readonly room: string;
  /** Where it finds the other peer: the relay. */
  readonly relay: { readonly host: string; readonly port: number };
}

/** What a peer process says while it runs. */
export interface PeerProgress {
  readonly type: 'progress';
  readonly stage: string;
  readonly frame: number;
  readonly confirmed: number;
  readonly rttMs: number;
  /** The deepest rollback since the last word. */
  readonly depth: number;
  readonly loss: number;
}

/** Something happened that people want to know. */
export interface PeerNotice {
  readonly type: 'notice';
  readonly text: string;
}

/** The match failed. */
export interface PeerFailure {
  readonly type: 'failure';
  readonly code: string;
  readonly stage: string;
  readonly message: string;
}

/** The match was played to its end. Times are in ms on the machine's monotonic clock. */
export interface PeerResult {
  readonly type: 'result';
  readonly connectMs: number;
  readonly confirmedFrame: number;
  readonly rollbacks: number;
  readonly resimulatedFrames: number;
  readonly maxRollbackDepth: number;
  readonly stalledFrames: number;
  readonly inputPacketsSent: number;
  readonly otherPacketsSent: number;
  readonly sendsSkipped: number;
  readonly inputBytesSent: number;
  readonly checksPassed: number;
  readonly loss: number;
  readonly rttMs: readonly number[];
  /** For each frame, both players' inputs: slot 0 + 65536 · slot 1. */
  readonly inputs: readonly number[];
  /** For each frame f, the checksum of state f + 1. */
  readonly hashes: readonly number[];
  /** When this peer's input for each frame was sampled; frames below the input delay have none. */
  readonly sampledAt: readonly (number | null)[];
  /** When the other's input for each frame was here. */
  readonly heldAt: readonly (number | null)[];
}

export type PeerMessage = PeerProgress | PeerNotice | PeerFailure | PeerResult;
