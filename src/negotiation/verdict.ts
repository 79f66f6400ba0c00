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
  /** Addresses found here. */
  readonly local: number;
  /** Addresses named by the other side. */
  readonly remote: number;
}

/** Both sides had everything that signaling brings, and the network did the rest. */
const PATH_ERRORS: readonly string[] = ['no-pair', 'no-dtls', 'no-channels'];

/** Whether the other side's reason for giving up is one that holds for both: what was seen here says more about it than its goodbye. */
export function isPathError(reason: string): boolean {
  return PATH_ERRORS.includes(reason);
}

/** The error for an attempt that was given up `limitMs` after its start. */
export function connectError(seen: ConnectEvidence, limitMs: number): NetError {
  const { peer, offers, stage, step, local, remote } = seen;
  const hangs = (call: string): NetError =>
    new NetError('rtc-refused', { peer, step: call, cause: `no result after ${Math.round(limitMs)} ms` });
  if (step !== null) return hangs(step);
  switch (stage) {
    case 'peer':
      return offers ? hangs('createOffer') : new NetError('no-offer', { peer, limitMs });
    case 'offer':
      return offers ? new NetError('no-answer', { peer, limitMs }) : hangs('createAnswer');
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
