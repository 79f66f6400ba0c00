// Signaling over a WebSocket to a room server (`rollwire/server`): one socket for each join.
// It does not reconnect: a lost socket is reported once, and a match that is connected goes on without it.
import { NetError } from '../core/errors.js';
import { parseSignal, type PeerId, type Signal } from '../negotiation/signal.js';
import type { Signaling, SignalingHandlers, SignalingRoom } from './interface.js';
import {
  encodeMessage,
  isPeerId,
  isRoomName,
  MAX_CLIENT_MESSAGE_BYTES,
  MAX_PEER_ID,
  MAX_ROOM_NAME,
  MAX_ROOM_PEERS,
  parseServerMessage,
  ROOM_PROTOCOL_VERSION,
  type ClientMessage,
  type ServerMessage,
} from './room-protocol.js';

/** The part of a WebSocket that is used. Browsers' sockets and those of the package `ws` fit. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** A WebSocket class: the browser's, or `WebSocket` of the package `ws`. */
export type WebSocketConstructor = new (url: string) => WebSocketLike;

export interface WebSocketSignalingOptions {
  /** The class to connect with. Default: the global one, which browsers and Node from 22 on have. */
  readonly WebSocket?: WebSocketConstructor;
  /** The id that this peer asks for: 1 to 64 characters. Joining fails if somebody in the room has it. Default: the server chooses. */
  readonly id?: PeerId;
}

/**
 * Joins rooms of the room server at `url` (`ws://` or `wss://`).
 * Throws `bad-option` for an id that cannot be one. `join` rejects with `signaling-unreachable` (not reached, or refused; the
 * cause says which), `room-full`, `id-taken`, `aborted`, or `bad-option` (a room name that cannot be one, no WebSocket class).
 */
export function webSocketSignaling(url: string, options: WebSocketSignalingOptions = {}): Signaling {
  const { id } = options;
  if (id !== undefined && !isPeerId(id)) {
    throw new NetError('bad-option', { option: 'id', got: id, expected: `a text of 1 to ${MAX_PEER_ID} characters` });
  }
  return {
    async join(room, on, signal) {
      if (signal?.aborted === true) throw aborted(signal);
      if (!isRoomName(room)) {
        throw new NetError('bad-option', { option: 'room', got: room, expected: `a text of 1 to ${MAX_ROOM_NAME} characters` });
      }
      const Socket: WebSocketConstructor | undefined = options.WebSocket ?? globalThis.WebSocket;
      if (Socket === undefined) {
        throw new NetError('bad-option', {
          option: 'WebSocket',
          got: Socket,
          expected: 'the class from the package "ws" in Node before 22',
        });
      }
      return new Promise<SignalingRoom>((resolve, reject) => {
        const connection = new RoomConnection(url, room, on, signal, resolve, reject);
        connection.open(Socket, id);
      });
    },
  };
}

class RoomConnection {
  readonly #url: string;
  readonly #room: string;
  readonly #on: SignalingHandlers;
  readonly #abortSignal: AbortSignal | undefined;
  readonly #resolve: (room: SignalingRoom) => void;
  readonly #reject: (error: NetError) => void;
  readonly #onAbort = (): void => this.#fail(aborted(this.#abortSignal));
  readonly #known = new Set<PeerId>();
  #state: 'joining' | 'joined' | 'closed' = 'joining';
  #socket: WebSocketLike | undefined;
  #socketError = '';
  #id: PeerId | undefined;
  #self: PeerId | undefined;

  constructor(
    url: string,
    room: string,
    on: SignalingHandlers,
    abortSignal: AbortSignal | undefined,
    resolve: (room: SignalingRoom) => void,
    reject: (error: NetError) => void,
  ) {
    this.#url = url;
    this.#room = room;
    this.#on = on;
    this.#abortSignal = abortSignal;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  open(Socket: WebSocketConstructor, id: PeerId | undefined): void {
    this.#id = id;
    const join: ClientMessage = { kind: 'join', v: ROOM_PROTOCOL_VERSION, room: this.#room, ...(id === undefined ? {} : { id }) };
    let socket: WebSocketLike;
    try {
      socket = new Socket(this.#url);
    } catch (error) {
      this.#fail(this.#unreachable(error instanceof Error ? error.message : String(error)));
      return;
    }
    this.#socket = socket;
    // All four stay attached to the end: a socket of `ws` without an error handler throws when it is closed while connecting.
    socket.onopen = () => {
      if (this.#state === 'joining') this.#tell(join);
    };
    socket.onmessage = (event: { readonly data: unknown }) => this.#receive(event.data);
    socket.onerror = (event: { readonly message?: unknown }) => {
      if (typeof event.message === 'string') this.#socketError = event.message;
    };
    socket.onclose = (event: { readonly code?: number; readonly reason?: string }) => this.#lost(this.#whyClosed(event));
    this.#abortSignal?.addEventListener('abort', this.#onAbort);
  }

  #receive(data: unknown): void {
    if (this.#state === 'closed') return;
    const message = parseServerMessage(data);
    if (this.#state === 'joining') {
      if (message?.kind === 'joined') this.#joined(message);
      else if (message?.kind === 'refused') this.#fail(this.#refusal(message));
      else {
        this.#on.unknown(data);
        // Better an error at once than to wait for an answer from a server that speaks something else.
        this.#fail(this.#unreachable("it does not speak rollwire's room protocol"));
      }
    } else if (message === null || !this.#handle(message)) {
      this.#on.unknown(data);
    }
  }

  #joined({ self, peers, iceServers }: ServerMessage & { kind: 'joined' }): void {
    this.#self = self;
    for (const id of peers) {
      this.#known.add(id);
      this.#on.peer(id);
      // The handler may have aborted.
      if (this.#state === 'closed') return;
    }
    this.#state = 'joined';
    this.#abortSignal?.removeEventListener('abort', this.#onAbort);
    this.#resolve({
      self,
      ...(iceServers === undefined ? {} : { iceServers }),
      send: (to, signal) => this.#send(to, signal),
      close: () => this.#close(),
    });
  }

  /** False if the message makes no sense in a room as we know it. */
  #handle(message: ServerMessage): boolean {
    switch (message.kind) {
      case 'peer':
        // No server has more in a room: what is kept of them stays bounded, whatever it says.
        if (message.id === this.#self || this.#known.has(message.id) || this.#known.size >= MAX_ROOM_PEERS - 1) return false;
        this.#known.add(message.id);
        this.#on.peer(message.id);
        return true;
      case 'gone':
        if (!this.#known.delete(message.id)) return false;
        this.#on.gone(message.id);
        return true;
      case 'signal': {
        const signal = parseSignal(message.signal);
        if (signal === null || !this.#known.has(message.from)) return false;
        this.#on.signal(message.from, signal);
        return true;
      }
      case 'refused':
        this.#lost(message.reason);
        return true;
      case 'joined':
        return false;
    }
  }

  #send(to: PeerId, signal: Signal): void {
    if (this.#state === 'joined' && this.#known.has(to) && !this.#tell({ kind: 'signal', to, signal })) this.#on.unknown(signal);
  }

  /** False if the server would not take this message. */
  #tell(message: ClientMessage): boolean {
    const text = encodeMessage(message);
    if (text === null || new TextEncoder().encode(text).length > MAX_CLIENT_MESSAGE_BYTES) return false;
    this.#socket?.send(text);
    return true;
  }

  #lost(cause: string): void {
    if (this.#state === 'joining') this.#fail(this.#unreachable(cause));
    if (this.#state === 'closed') return;
    this.#release();
    this.#on.status('closed', cause);
  }

  #fail(error: NetError): void {
    if (this.#state !== 'joining') return;
    this.#release();
    this.#reject(error);
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#tell({ kind: 'leave' });
    this.#release();
  }

  #release(): void {
    this.#state = 'closed';
    this.#abortSignal?.removeEventListener('abort', this.#onAbort);
    this.#known.clear();
    this.#socket?.close(1000);
  }

  #refusal({ code, reason, players }: ServerMessage & { kind: 'refused' }): NetError {
    if (code === 'room-full' && players !== undefined) return new NetError('room-full', { room: this.#room, players });
    if (code === 'id-taken' && this.#id !== undefined) return new NetError('id-taken', { room: this.#room, id: this.#id });
    return this.#unreachable(`it refused: ${reason}`);
  }

  #unreachable(cause: string): NetError {
    // OpenSSL's causes have several lines.
    return new NetError('signaling-unreachable', { url: this.#url, cause: cause.trim().split('\n')[0] ?? '' });
  }

  #whyClosed({ code, reason }: { readonly code?: number; readonly reason?: string }): string {
    return this.#socketError || reason || `the connection was closed with code ${code ?? 'unknown'}`;
  }
}

function aborted(signal: AbortSignal | undefined): NetError {
  const reason: unknown = signal?.reason;
  return new NetError('aborted', { why: reason instanceof Error ? reason.message : String(reason) });
}
