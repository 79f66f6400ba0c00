// The room server: peers meet in rooms and exchange signals over WebSockets. It keeps everything in memory and never reads a signal.
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock, Off } from '../core/clock.js';
import { NetError, requireInteger } from '../core/errors.js';
import { parseIceServers, type IceServer, type PeerId } from '../negotiation/signal.js';
import {
  encodeMessage,
  MAX_CLIENT_MESSAGE_BYTES,
  MAX_ROOM_PEERS,
  parseClientMessage,
  ROOM_PROTOCOL_VERSION,
  type ClientMessage,
  type RefusalCode,
  type ServerMessage,
} from '../signaling/room-protocol.js';
import { WebSocket, WebSocketServer } from './ws.js';

export interface RoomServerOptions {
  /** The TCP port, 0 to 65535. Default 0: any free one, for servers inside tests and programs; `url` tells which. */
  readonly port?: number;
  /** The address to listen on. Default '127.0.0.1': only this machine, until somebody decides otherwise ('0.0.0.0' is every network). */
  readonly host?: string;
  /** STUN and TURN servers that are handed to every peer. Default: none. */
  readonly iceServers?: readonly IceServer[];
  /** How many peers one room takes, 1 to 256. Default 32: a match has at most 8 players, and some watch. */
  readonly maxPeersPerRoom?: number;
  /** Names a peer that asks for no id of its own. Default: random UUIDs. */
  readonly newId?: () => PeerId;
  /** Where heartbeats take their time from. Default: the system's, with timers that do not keep Node alive. */
  readonly clock?: Clock;
}

/** What was not delivered, since the start. */
export interface RoomServerCounters {
  /** Connections that were told `refused` and closed. */
  readonly refused: number;
  /** Signals to a peer that is not in the sender's room. */
  readonly unaddressed: number;
  /** Connections that ended without `leave`, did not answer heartbeats, did not read, or could not be accepted. */
  readonly lost: number;
}

export interface RoomServer {
  /** Where this machine reaches the server, for `webSocketSignaling`. */
  readonly url: string;
  readonly port: number;
  /** How many rooms have somebody in them. */
  rooms(): number;
  counters(): RoomServerCounters;
  /** Ends all connections and frees the port. Calling it again gives the same promise. */
  close(): Promise<void>;
}

/**
 * A connection that has not answered a ping, or not joined, by the next beat is ended: a half-open socket is found within twice
 * this time. Proxies commonly close what is idle for 60 s; a beat every 20 s keeps connections alive through them.
 */
const HEARTBEAT_MS = 20_000;

/** How long `close` waits for the other side's part of a closing handshake. It takes one round trip. */
const CLOSE_GRACE_MS = 1_000;

/** A peer that has this many unread bytes waiting in the server is ended: eight of the longest messages. */
const MAX_BACKLOG_BYTES = 8 * MAX_CLIENT_MESSAGE_BYTES;

const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms).unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Starts a room server. Rejects with `port-taken`, or with `bad-option` for a port, host or other option that cannot be used.
 */
export async function startRoomServer(options: RoomServerOptions = {}): Promise<RoomServer> {
  const { port = 0, host = '127.0.0.1', iceServers, maxPeersPerRoom = 32, newId = randomUUID, clock = SYSTEM_CLOCK } = options;
  requireInteger('port', port, 0, 65_535);
  requireInteger('maxPeersPerRoom', maxPeersPerRoom, 1, MAX_ROOM_PEERS);
  if (iceServers !== undefined && parseIceServers(iceServers) === null) {
    throw new NetError('bad-option', {
      option: 'iceServers',
      got: iceServers,
      expected: 'a list of at most 16 { urls, username?, credential? }',
    });
  }
  const http = createServer((_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain', connection: 'close', upgrade: 'websocket' });
    response.end('This is a rollwire room server: connect with a WebSocket.\n');
  });
  await listen(http, port, host);
  return new Rooms(http, host, iceServers, maxPeersPerRoom, newId, clock);
}

/** What the server knows of one socket. */
interface Connection {
  readonly socket: WebSocket;
  state: 'new' | 'joined' | 'ended';
  id: PeerId;
  room: string;
  /** It has answered the last ping, or was sent none yet. */
  alive: boolean;
  /** It was there at a beat already. */
  waited: boolean;
}

type Room = Map<PeerId, Connection>;

class Rooms implements RoomServer {
  readonly url: string;
  readonly port: number;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #iceServers: readonly IceServer[] | undefined;
  readonly #maxPeersPerRoom: number;
  readonly #newId: () => PeerId;
  readonly #clock: Clock;
  readonly #connections = new Set<Connection>();
  readonly #rooms = new Map<string, Room>();
  readonly #counters = { refused: 0, unaddressed: 0, lost: 0 };
  #stopHeartbeat: Off;
  #closed: Promise<void> | undefined;

  constructor(
    http: Server,
    host: string,
    iceServers: readonly IceServer[] | undefined,
    maxPeersPerRoom: number,
    newId: () => PeerId,
    clock: Clock,
  ) {
    this.port = (http.address() as AddressInfo).port;
    this.url = `ws://${reachableHost(host)}:${this.port}`;
    this.#http = http;
    this.#iceServers = iceServers;
    this.#maxPeersPerRoom = maxPeersPerRoom;
    this.#newId = newId;
    this.#clock = clock;
    // ws answers a longer message by closing the connection with code 1009.
    this.#sockets = new WebSocketServer({ server: http, maxPayload: MAX_CLIENT_MESSAGE_BYTES });
    this.#sockets.on('connection', (socket) => this.#connected(socket));
    // The system refuses a connection (no file handles left, for example); those that are open go on.
    this.#sockets.on('error', () => this.#counters.lost++);
    this.#stopHeartbeat = clock.after(HEARTBEAT_MS, () => this.#beat());
  }

  rooms(): number {
    return this.#rooms.size;
  }

  counters(): RoomServerCounters {
    return { ...this.#counters };
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  #connected(socket: WebSocket): void {
    const connection: Connection = { socket, state: 'new', id: '', room: '', alive: true, waited: false };
    this.#connections.add(connection);
    socket.addEventListener('message', (event) => this.#received(connection, parseClientMessage(event.data)));
    socket.on('pong', () => (connection.alive = true));
    // 'close' always follows, and is what counts.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (connection.state !== 'ended') this.#counters.lost++;
      this.#end(connection);
      this.#connections.delete(connection);
    });
  }

  #received(from: Connection, message: ClientMessage | null): void {
    if (from.state === 'ended') return;
    if (message === null) {
      this.#refuse(from, 'bad-message', 'a message was not one of the room protocol');
    } else if (message.kind === 'leave') {
      this.#end(from);
      from.socket.close(1000);
    } else if ((message.kind === 'join') !== (from.state === 'new')) {
      this.#refuse(from, 'out-of-order', 'the first message must be a join, and no other one');
    } else if (message.kind === 'join') {
      this.#join(from, message);
    } else {
      this.#relay(from, message.to, message.signal);
    }
  }

  #join(newcomer: Connection, { v, room: name, id: wish }: ClientMessage & { kind: 'join' }): void {
    const room: Room = this.#rooms.get(name) ?? new Map<PeerId, Connection>();
    if (v !== ROOM_PROTOCOL_VERSION) {
      this.#refuse(newcomer, 'version', `this server speaks version ${ROOM_PROTOCOL_VERSION} of the room protocol, not ${v}`);
      return;
    }
    if (room.size >= this.#maxPeersPerRoom) {
      this.#refuse(newcomer, 'room-full', `the room has its ${this.#maxPeersPerRoom} peers`, this.#maxPeersPerRoom);
      return;
    }
    const id = wish ?? this.#newId();
    if (room.has(id)) {
      this.#refuse(newcomer, 'id-taken', 'somebody in the room has this id');
      return;
    }
    const others = [...room.values()];
    newcomer.state = 'joined';
    newcomer.id = id;
    newcomer.room = name;
    room.set(id, newcomer);
    this.#rooms.set(name, room);
    const peers = others.map((other) => other.id);
    const iceServers = this.#iceServers === undefined ? {} : { iceServers: this.#iceServers };
    this.#tell(newcomer.socket, { kind: 'joined', self: id, peers, ...iceServers });
    for (const other of others) this.#tell(other.socket, { kind: 'peer', id });
  }

  #relay(from: Connection, to: PeerId, signal: unknown): void {
    const receiver = to === from.id ? undefined : this.#rooms.get(from.room)?.get(to);
    if (receiver === undefined) {
      this.#counters.unaddressed++;
    } else if (!this.#tell(receiver.socket, { kind: 'signal', from: from.id, signal })) {
      this.#refuse(from, 'bad-message', 'a signal was nested too deeply');
    }
  }

  /** False if the message holds a stranger's value that cannot be written. */
  #tell(socket: WebSocket, message: ServerMessage): boolean {
    const text = encodeMessage(message);
    if (text === null) return false;
    if (socket.bufferedAmount > MAX_BACKLOG_BYTES) socket.terminate();
    else socket.send(text);
    return true;
  }

  #refuse(connection: Connection, code: RefusalCode, reason: string, players?: number): void {
    this.#counters.refused++;
    this.#tell(connection.socket, { kind: 'refused', code, reason, ...(players === undefined ? {} : { players }) });
    this.#end(connection);
    connection.socket.close(1008, code);
  }

  /** Takes a connection out of its room; its socket is closed by the caller. */
  #end(connection: Connection): void {
    const { state, room: name, id } = connection;
    connection.state = 'ended';
    const room = state === 'joined' ? this.#rooms.get(name) : undefined;
    if (room === undefined) return;
    room.delete(id);
    if (room.size === 0) this.#rooms.delete(name);
    for (const other of room.values()) this.#tell(other.socket, { kind: 'gone', id });
  }

  #beat(): void {
    for (const connection of this.#connections) {
      if (!connection.alive) {
        connection.socket.terminate();
      } else if (connection.state === 'new' && connection.waited) {
        this.#refuse(connection, 'no-join', 'a join did not come in time');
      } else {
        connection.alive = false;
        connection.waited = true;
        connection.socket.ping();
      }
    }
    this.#stopHeartbeat = this.#clock.after(HEARTBEAT_MS, () => this.#beat());
  }

  async #shutDown(): Promise<void> {
    this.#stopHeartbeat();
    const stopped = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    const ended = [...this.#connections].map(({ socket }) => new Promise<unknown>((resolve) => socket.once('close', resolve)));
    this.#http.closeAllConnections();
    this.#sockets.close();
    for (const connection of this.#connections) {
      connection.state = 'ended';
      connection.socket.close(1001, 'the server was closed');
    }
    this.#rooms.clear();
    const stopWaiting = this.#clock.after(CLOSE_GRACE_MS, () => {
      for (const { socket } of this.#connections) socket.terminate();
    });
    await Promise.all([stopped, ...ended]);
    stopWaiting();
  }
}

async function listen(http: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port, host)));
    http.listen(port, host, resolve);
  });
  http.removeAllListeners('error');
}

function listenError(error: NodeJS.ErrnoException, port: number, host: string): NetError {
  if (error.code === 'EADDRINUSE') return new NetError('port-taken', { port });
  if (error.code === 'EACCES') return new NetError('bad-option', { option: 'port', got: port, expected: 'a port that this user may open' });
  return new NetError('bad-option', { option: 'host', got: host, expected: `an address of this machine (${error.message})` });
}

/** An address under which a listener on `host` can be reached from the same machine. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
