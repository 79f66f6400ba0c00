// Which error an attempt that did not come up ends with: one sentence for the stage at which it stood, decided in one place.
import { NetError } from '../core/errors.js';
import type { LinkStage } from './stages.js';

/** What was seen of an attempt when it was given up. */
export interface ConnectEvidence {
  readonly peer: string;
  /** This side makes the offer. */
  readonly offers: boolean;
  /** The last stage that was reached. */
  readonly stage: LinkStage;
  /** The call to WebRTC that has not come back, if there is one. */
  readonly step: string | null;
  /** For how long it has not, in ms. */
  readonly stepMs: number;
  /** Addresses found here. */
  readonly local: number;
  /** Addresses named by the other side. */
  readonly remote: number;
}

/** A call that takes this long, in ms, does not come back: they take some ms, and a few hundred on a busy phone. */
const HANGS_AFTER_MS = 1000;

/** Both sides had everything that signaling brings, and the network did the rest. */
const PATH_ERRORS: readonly string[] = ['no-pair', 'no-dtls', 'no-channels'];

/** Whether the other side's reason for giving up is one that holds for both: what was seen here says more about it than its goodbye. */
export function isPathError(reason: string): boolean {
  return PATH_ERRORS.includes(reason);
}

/** The error for an attempt that was given up `limitMs` after its start. */
export function connectError(seen: ConnectEvidence, limitMs: number): NetError {
  const { peer, offers, stage, step, stepMs, local, remote } = seen;
  if (step !== null && stepMs >= HANGS_AFTER_MS) {
    return new NetError('rtc-refused', { peer, step, cause: `no result after ${Math.round(stepMs)} ms` });
  }
  switch (stage) {
    case 'peer':
    case 'offer':
      return new NetError(offers ? 'no-answer' : 'no-offer', { peer, limitMs });
    case 'answer':
      return new NetError('no-candidates', { peer, limitMs, local, remote });
    case 'candidates':
      return new NetError('no-pair', { peer, limitMs, local, remote });
    case 'pairs':
      return new NetError('no-dtls', { peer, limitMs });
    case 'dtls':
    case 'channels':
      return new NetError('no-channels', { peer, limitMs });
  }
}
