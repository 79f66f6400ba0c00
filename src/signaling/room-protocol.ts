// The messages between the WebSocket adapter and the room server, and how each side reads the other's: a value or null, never a throw.
// JSON texts: a match needs some dozens of them, and they can be read in any browser's network panel.
import { parseIceServers, type IceServer, type PeerId } from '../negotiation/signal.js';

/** The version that `join` names. The server refuses others. */
export const ROOM_PROTOCOL_VERSION = 1;

/** The longest message that a server takes from a client, in UTF-8 bytes: twice the longest description (`MAX_SIGNAL_TEXT`). */
export const MAX_CLIENT_MESSAGE_BYTES = 131_072;

/**
 * The longest message that a client takes from its server, in UTF-16 code units. A signal that is parsed and written again
 * can grow (1e20 becomes 21 digits), at most about fivefold.
 */
export const MAX_SERVER_MESSAGE_LENGTH = 1_048_576;

/** The longest room name in UTF-16 code units: a link with an invitation in it still fits on a screen. */
export const MAX_ROOM_NAME = 128;

/** The longest peer id in UTF-16 code units: a UUID has 36. */
export const MAX_PEER_ID = 64;

/** The most peers that a server may admit to one room: with the longest ids a list of them still fits into one message. */
export const MAX_ROOM_PEERS = 256;

/** Why a server ended a connection. A client must expect codes that it does not know. */
export type RefusalCode = 'version' | 'room-full' | 'id-taken' | 'bad-message' | 'out-of-order' | 'no-join';

/** What a client says. `signal` is not read by the server, so that games of different versions can share one. */
export type ClientMessage =
  /** The first message. `id`: the wish for a certain id. */
  | { readonly kind: 'join'; readonly v: number; readonly room: string; readonly id?: PeerId }
  | { readonly kind: 'signal'; readonly to: PeerId; readonly signal: unknown }
  /** The last message: the server closes the connection. */
  | { readonly kind: 'leave' };

/** What a server says. */
export type ServerMessage =
  /** The answer to `join`. `peers`: who is there already, in the order in which they came. */
  | { readonly kind: 'joined'; readonly self: PeerId; readonly peers: readonly PeerId[]; readonly iceServers?: readonly IceServer[] }
  | { readonly kind: 'peer'; readonly id: PeerId }
  | { readonly kind: 'gone'; readonly id: PeerId }
  | { readonly kind: 'signal'; readonly from: PeerId; readonly signal: unknown }
  /** The last message: the server closes the connection. `players`: the room's places, with the code 'room-full'. */
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string; readonly players?: number };

/** The text of a message; null if it holds a value that JSON cannot express (a cycle, a BigInt, thousands of levels). */
export function encodeMessage(message: ClientMessage | ServerMessage): string | null {
  try {
    return JSON.stringify(message);
  } catch {
    return null;
  }
}

/** Reads what a client sent. Null if it is not a message of this protocol; never throws. */
export function parseClientMessage(text: unknown): ClientMessage | null {
  const value = parseRecord(text, MAX_CLIENT_MESSAGE_BYTES);
  switch (value?.['kind']) {
    case 'join': {
      const { v, room, id } = value;
      if (!isCount(v) || !isRoomName(room)) return null;
      if (id === undefined) return { kind: 'join', v, room };
      return isPeerId(id) ? { kind: 'join', v, room, id } : null;
    }
    case 'signal': {
      const { to, signal = null } = value;
      return isPeerId(to) ? { kind: 'signal', to, signal } : null;
    }
    case 'leave':
      return { kind: 'leave' };
    default:
      return null;
  }
}

/** Reads what a server sent. Null if it is not a message of this protocol; never throws. */
export function parseServerMessage(text: unknown): ServerMessage | null {
  const value = parseRecord(text, MAX_SERVER_MESSAGE_LENGTH);
  switch (value?.['kind']) {
    case 'joined': {
      const { self, peers, iceServers } = value;
      if (!isPeerId(self) || !Array.isArray(peers) || peers.length >= MAX_ROOM_PEERS || !peers.every(isPeerId)) return null;
      // Nobody is in a room twice.
      if (new Set([self, ...peers]).size <= peers.length) return null;
      if (iceServers === undefined) return { kind: 'joined', self, peers };
      const servers = parseIceServers(iceServers);
      return servers === null ? null : { kind: 'joined', self, peers, iceServers: servers };
    }
    case 'peer':
    case 'gone': {
      const { kind, id } = value;
      return isPeerId(id) ? { kind, id } : null;
    }
    case 'signal': {
      const { from, signal = null } = value;
      return isPeerId(from) ? { kind: 'signal', from, signal } : null;
    }
    case 'refused': {
      const { code, reason, players } = value;
      if (!isText(code, 64) || !isText(reason, 512)) return null;
      return isCount(players) ? { kind: 'refused', code, reason, players } : { kind: 'refused', code, reason };
    }
    default:
      return null;
  }
}

/** Whether a value can be the name of a room. */
export function isRoomName(value: unknown): value is string {
  return isText(value, MAX_ROOM_NAME) && value !== '';
}

/** Whether a value can be a peer's id. */
export function isPeerId(value: unknown): value is PeerId {
  return isText(value, MAX_PEER_ID) && value !== '';
}

function parseRecord(text: unknown, maxLength: number): Record<string, unknown> | null {
  if (!isText(text, maxLength)) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length <= maxLength;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
