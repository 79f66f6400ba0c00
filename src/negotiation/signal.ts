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

/**
 * Reads a signal from a stranger's value: parsed JSON, or whatever an adapter was handed. Null if it is not one; never throws, not even
 * where the value is an object whose properties throw when they are read. The answer is a copy that shares nothing with the value.
 */
export function parseSignal(value: unknown): Signal | null {
  return guarded(() => readSignal(value), null);
}

/** Reads a list of STUN and TURN servers into a copy. Null if it is none; never throws. */
export function parseIceServers(value: unknown): readonly IceServer[] | null {
  return guarded(() => readIceServers(value), null);
}

/**
 * Reads one candidate: an object, a JSON text of one, or a bare candidate line, with or without the `candidate:` prefix.
 * Null (also from null, undefined and '') is the end of candidates; undefined is something else. Never throws.
 */
export function parseCandidate(value: unknown): Candidate | null | undefined {
  return guarded(() => readCandidate(value), undefined);
}

/** Getters and proxies run code of their own when they are looked at. */
function guarded<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

// Below, each property is read once: one that is computed may say something else the second time.

function readSignal(value: unknown): Signal | null {
  if (!isRecord(value)) return null;
  const { attempt, connection, kind } = value;
  if (!isText(attempt, 128) || attempt === '') return null;
  if (connection !== undefined && !(Number.isInteger(connection) && (connection as number) >= 0 && (connection as number) < 8)) return null;
  const common = connection === undefined ? { attempt } : { attempt, connection: connection as number };
  switch (kind) {
    case 'description': {
      const { type, sdp, iceServers } = value;
      if ((type !== 'offer' && type !== 'answer') || !isText(sdp, MAX_SIGNAL_TEXT)) return null;
      if (iceServers === undefined) return { ...common, kind, type, sdp };
      const servers = readIceServers(iceServers);
      return servers === null ? null : { ...common, kind, type, sdp, iceServers: servers };
    }
    case 'candidate': {
      const candidate = readCandidate(value['candidate']);
      return candidate === undefined ? null : { ...common, kind, candidate };
    }
    case 'bye': {
      const { reason } = value;
      return isText(reason, 256) ? { ...common, kind, reason } : null;
    }
    default:
      return null;
  }
}

function readIceServers(value: unknown): readonly IceServer[] | null {
  return readList(value, 0, 16, readIceServer);
}

function readCandidate(value: unknown): Candidate | null | undefined {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'string') {
    if (value.length > MAX_SIGNAL_TEXT) return undefined;
    if (value.startsWith('{')) {
      const parsed: unknown = JSON.parse(value);
      return isRecord(parsed) ? readCandidate(parsed) : undefined;
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

function readIceServer(value: unknown): IceServer | null {
  if (!isRecord(value)) return null;
  const { urls, username, credential } = value;
  const list = Array.isArray(urls) ? readList(urls, 1, 16, readUrl) : readUrl(urls);
  if (list === null) return null;
  if (username !== undefined && !isText(username, 512)) return null;
  if (credential !== undefined && !isText(credential, 512)) return null;
  return { urls: list, ...(username === undefined ? {} : { username }), ...(credential === undefined ? {} : { credential }) };
}

function readUrl(value: unknown): string | null {
  return isText(value, 512) ? value : null;
}

/** A copy of a list, by index: a stranger's list may have holes, and methods of its own. Null if any element is not right. */
function readList<T>(value: unknown, min: number, max: number, read: (item: unknown) => T | null): readonly T[] | null {
  if (!Array.isArray(value)) return null;
  const { length } = value;
  if (length < min || length > max) return null;
  const list: T[] = [];
  for (let i = 0; i < length; i++) {
    const item = read(value[i]);
    if (item === null) return null;
    list.push(item);
  }
  return list;
}

function isText(value: unknown, max: number): value is string {
  return typeof value === 'string' && value.length <= max;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
