// What two peers say to each other through signaling, as plain values that survive JSON.

export type { PeerId } from '../core/peer.js';

/** An ICE candidate as browsers give and take it. */
export interface Candidate {
  readonly candidate: string;
  readonly sdpMid?: string | null;
  readonly sdpMLineIndex?: number | null;
  readonly usernameFragment?: string | null;
}

/** A STUN or TURN server, as in `RTCConfiguration.iceServers`. */
export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

/**
 * One message between two peers. `attempt` names the connection attempt that it belongs to: a signal of an older
 * attempt is counted and dropped. `connection` numbers the peer connections of one link, from 0.
 */
export type Signal = { readonly attempt: string; readonly connection?: number } & (
  | { readonly kind: 'description'; readonly type: 'offer' | 'answer'; readonly sdp: string; readonly iceServers?: readonly IceServer[] }
  /** null: the end of candidates. */
  | { readonly kind: 'candidate'; readonly candidate: Candidate | null }
  /** The sender gives the attempt up. */
  | { readonly kind: 'bye'; readonly reason: string }
);

/** The longest SDP or candidate that is taken from a stranger, in UTF-16 code units. Browsers send 1 to 6 thousand. */
export const MAX_SIGNAL_TEXT = 65_536;

/** Reads a signal from a stranger's value (already parsed JSON). Null if it is not one; never throws. */
export function parseSignal(value: unknown): Signal | null {
  if (!isRecord(value)) return null;
  const attempt = value['attempt'];
  const connection = value['connection'];
  if (!isText(attempt, 128) || attempt === '') return null;
  if (connection !== undefined && !(Number.isInteger(connection) && (connection as number) >= 0 && (connection as number) < 8)) return null;
  const common = connection === undefined ? { attempt } : { attempt, connection: connection as number };
  switch (value['kind']) {
    case 'description': {
      const { type, sdp, iceServers } = value;
      if ((type !== 'offer' && type !== 'answer') || !isText(sdp, MAX_SIGNAL_TEXT)) return null;
      if (iceServers === undefined) return { ...common, kind: 'description', type, sdp };
      const servers = parseIceServers(iceServers);
      return servers === null ? null : { ...common, kind: 'description', type, sdp, iceServers: servers };
    }
    case 'candidate': {
      const candidate = parseCandidate(value['candidate']);
      return candidate === undefined ? null : { ...common, kind: 'candidate', candidate };
    }
    case 'bye':
      return isText(value['reason'], 256) ? { ...common, kind: 'bye', reason: value['reason'] } : null;
    default:
      return null;
  }
}

/** Reads a list of STUN and TURN servers. Null if it is none; never throws. */
export function parseIceServers(value: unknown): readonly IceServer[] | null {
  return Array.isArray(value) && value.length <= 16 && value.every(isIceServer) ? value : null;
}

/**
 * Reads one candidate: an object, a JSON text of one, or a bare candidate line, with or without the `candidate:` prefix.
 * Null (also from null, undefined and '') is the end of candidates; undefined is something else.
 */
export function parseCandidate(value: unknown): Candidate | null | undefined {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'string') {
    if (value.length > MAX_SIGNAL_TEXT) return undefined;
    if (value.startsWith('{')) {
      try {
        const parsed: unknown = JSON.parse(value);
        return isRecord(parsed) ? parseCandidate(parsed) : undefined;
      } catch {
        return undefined;
      }
    }
    return { candidate: withPrefix(value), sdpMLineIndex: 0 };
  }
  if (!isRecord(value)) return undefined;
  const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = value;
  if (candidate === '' || candidate === null) return null;
  if (!isText(candidate, MAX_SIGNAL_TEXT)) return undefined;
  const mid = isText(sdpMid, 64) ? sdpMid : undefined;
  const line = Number.isInteger(sdpMLineIndex) ? (sdpMLineIndex as number) : undefined;
  return {
    candidate: withPrefix(candidate),
    ...(mid === undefined ? {} : { sdpMid: mid }),
    // WebRTC refuses a candidate that names no media section; there is only one section in a data link.
    ...(line === undefined ? (mid === undefined ? { sdpMLineIndex: 0 } : {}) : { sdpMLineIndex: line }),
    ...(isText(usernameFragment, 256) ? { usernameFragment } : {}),
  };
}

function withPrefix(line: string): string {
  const bare = line.startsWith('a=') ? line.slice(2) : line;
  return bare.startsWith('candidate:') ? bare : `candidate:${bare}`;
}

function isIceServer(value: unknown): value is IceServer {
  if (!isRecord(value)) return false;
  const { urls, username, credential } = value;
  const list: unknown[] = Array.isArray(urls) ? urls : [urls];
  return (
    list.length > 0 &&
    list.length <= 16 &&
    list.every((url) => isText(url, 512)) &&
    (username === undefined || isText(username, 512)) &&
    (credential === undefined || isText(credential, 512))
  );
}

function isText(value: unknown, max: number): value is string {
  return typeof value === 'string' && value.length <= max;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
