// The WebSocket adapter: the contract over a real room server on loopback, and what is peculiar to it over a socket driven by hand.
import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NetError } from '../../src/core/errors.js';
import type { Signal } from '../../src/negotiation/signal.js';
import { startRoomServer } from '../../src/server/index.js';
import { WebSocket, WebSocketServer } from '../../src/server/ws.js';
import { signalingContract, type ContractWorld } from '../../src/signaling/contract.js';
import type { SignalingRoom } from '../../src/signaling/interface.js';
import { MAX_CLIENT_MESSAGE_BYTES, MAX_ROOM_PEERS } from '../../src/signaling/room-protocol.js';
import { webSocketSignaling, type WebSocketLike } from '../../src/signaling/websocket.js';
import { bye, NotingHandlers } from './observer.js';

const URL = 'ws://by-hand.test';

describe('webSocketSignaling and the room server keep the contract', () => {
  const world = async (): Promise<ContractWorld> => {
    const server = await startRoomServer();
    const cuts = new Map<string, () => void>();
    return {
      signaling() {
        let cut = (): void => undefined;
        class Cuttable extends WebSocket {
          constructor(url: string) {
            super(url);
            cut = () => this.terminate();
          }
        }
        const inner = webSocketSignaling(server.url, { WebSocket: Cuttable });
        return {
          async join(...args) {
            const room = await inner.join(...args);
            cuts.set(room.self, cut);
            return room;
          },
        };
      },
      cut: (self) => cuts.get(self)?.(),
      close: () => server.close(),
    };
  };
  for (const { name, run } of signalingContract(world)) it(name, run);
});

/** A socket on which nothing happens but what the test says. */
class HandSocket implements WebSocketLike {
  static last: HandSocket;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: { message?: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly sent: unknown[] = [];
  readonly closed: unknown[] = [];
  readonly url: string;

  constructor(url: string) {
    this.url = url;
    HandSocket.last = this;
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(code?: number): void {
    this.closed.push(code);
  }
  hear(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  break(): void {
    this.onclose?.({ code: 1006, reason: '' });
  }
}

async function joinByHand(
  on = new NotingHandlers(),
  peers = ['ann', 'bob'],
): Promise<{ on: NotingHandlers; socket: HandSocket; room: SignalingRoom }> {
  const joining = webSocketSignaling(URL, { WebSocket: HandSocket }).join('room', on);
  const socket = HandSocket.last;
  socket.onopen?.();
  socket.hear({ kind: 'joined', self: 'me', peers });
  const room = await joining;
  on.seen.length = 0;
  return { on, socket, room };
}

describe('joining', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('asks for the room, with the id that was wished for', () => {
    void webSocketSignaling(URL, { WebSocket: HandSocket, id: 'zoe' }).join('room', new NotingHandlers());
    const socket = HandSocket.last;
    expect(socket.url).toBe(URL);
    expect(socket.sent).toEqual([]);
    socket.onopen?.();
    expect(socket.sent).toEqual([{ kind: 'join', v: 1, room: 'room', id: 'zoe' }]);
  });

  it('uses the global WebSocket if none is given', async () => {
    vi.stubGlobal('WebSocket', HandSocket);
    const joining = webSocketSignaling(URL).join('room', new NotingHandlers());
    HandSocket.last.hear({ kind: 'joined', self: 'me', peers: [] });
    expect((await joining).self).toBe('me');
  });

  it('says so where there is no WebSocket', async () => {
    vi.stubGlobal('WebSocket', undefined);
    const joining = webSocketSignaling(URL).join('room', new NotingHandlers());
    await expect(joining).rejects.toMatchObject({ code: 'bad-option', fields: { option: 'WebSocket' } });
  });

  it('refuses ids and room names that cannot be one', async () => {
    for (const id of ['', 'x'.repeat(65)]) expect(() => webSocketSignaling(URL, { id })).toThrow(NetError);
    for (const room of ['', 'x'.repeat(129)]) {
      const joining = webSocketSignaling(URL, { WebSocket: HandSocket }).join(room, new NotingHandlers());
      await expect(joining).rejects.toMatchObject({ code: 'bad-option', fields: { option: 'room', got: room } });
    }
  });

  it('rejects with what the system said if nobody listens', async () => {
    const server = await startRoomServer();
    await server.close();
    const joining = webSocketSignaling(server.url, { WebSocket }).join('room', new NotingHandlers());
    await expect(joining).rejects.toMatchObject({
      code: 'signaling-unreachable',
      fields: { url: server.url, cause: expect.stringContaining('ECONNREFUSED') },
    });
  });

  it('rejects if the address is none', async () => {
    const joining = webSocketSignaling('not an address', { WebSocket }).join('room', new NotingHandlers());
    await expect(joining).rejects.toMatchObject({ code: 'signaling-unreachable', fields: { url: 'not an address' } });
  });

  it('rejects if the connection ends before the answer', async () => {
    const joining = webSocketSignaling(URL, { WebSocket: HandSocket }).join('room', new NotingHandlers());
    HandSocket.last.onopen?.();
    HandSocket.last.break();
    await expect(joining).rejects.toMatchObject({ code: 'signaling-unreachable', fields: { cause: expect.stringContaining('1006') } });
  });

  it('rejects at once, and closes, if the server speaks something else', async () => {
    const echo = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    try {
      await new Promise((done) => echo.once('listening', done));
      const ended = new Promise<void>((done) =>
        echo.on('connection', (socket) => {
          socket.on('message', (data) => socket.send(data, { binary: false }));
          socket.on('close', () => done());
        }),
      );
      const { port } = echo.address() as { port: number };
      const on = new NotingHandlers();
      const joining = webSocketSignaling(`ws://127.0.0.1:${port}`, { WebSocket }).join('room', on);
      await expect(joining).rejects.toMatchObject({
        code: 'signaling-unreachable',
        fields: { cause: expect.stringContaining('protocol') },
      });
      expect(on.seen).toEqual([['unknown', '{"kind":"join","v":1,"room":"room"}']]);
      await ended;
    } finally {
      echo.close();
    }
  });

  it('rejects with room-full, and the number of places', async () => {
    const joining = webSocketSignaling(URL, { WebSocket: HandSocket }).join('room', new NotingHandlers());
    HandSocket.last.hear({ kind: 'refused', code: 'room-full', reason: 'full', players: 4 });
    await expect(joining).rejects.toMatchObject({ code: 'room-full', fields: { room: 'room', players: 4 } });
    expect(HandSocket.last.closed).toEqual([1000]);
  });

  it('rejects with id-taken, and the id', async () => {
    const joining = webSocketSignaling(URL, { WebSocket: HandSocket, id: 'zoe' }).join('room', new NotingHandlers());
    HandSocket.last.hear({ kind: 'refused', code: 'id-taken', reason: 'somebody in the room has this id' });
    await expect(joining).rejects.toMatchObject({ code: 'id-taken', fields: { room: 'room', id: 'zoe' } });
  });

  it('rejects with the reason of any other refusal', async () => {
    const joining = webSocketSignaling(URL, { WebSocket: HandSocket }).join('room', new NotingHandlers());
    HandSocket.last.hear({ kind: 'refused', code: 'of-the-future', reason: 'it is Sunday' });
    await expect(joining).rejects.toMatchObject({ code: 'signaling-unreachable', fields: { cause: 'it refused: it is Sunday' } });
  });

  it('hands on the ICE servers of the server', async () => {
    const iceServers = [{ urls: ['turn:x'], username: 'u', credential: 'c' }];
    const server = await startRoomServer({ iceServers });
    try {
      const room = await webSocketSignaling(server.url, { WebSocket }).join('room', new NotingHandlers());
      expect(room.iceServers).toEqual(iceServers);
      room.close();
    } finally {
      await server.close();
    }
    expect((await joinByHand()).room).not.toHaveProperty('iceServers');
  });

  it('aborted while connecting: closes the socket, and says nothing when it opens all the same', async () => {
    const controller = new AbortController();
    const joining = webSocketSignaling(URL, { WebSocket: HandSocket }).join('room', new NotingHandlers(), controller.signal);
    const socket = HandSocket.last;
    controller.abort(new Error('the player left'));
    await expect(joining).rejects.toMatchObject({ code: 'aborted', fields: { why: 'the player left' } });
    expect(socket.closed).toEqual([1000]);
    socket.onopen?.();
    socket.hear({ kind: 'joined', self: 'me', peers: [] });
    socket.break();
    expect(socket.sent).toEqual([]);
  });

  it('aborted while a real socket is connecting: rejects and holds nothing', async () => {
    const server = await startRoomServer();
    try {
      const controller = new AbortController();
      const joining = webSocketSignaling(server.url, { WebSocket }).join('room', new NotingHandlers(), controller.signal);
      controller.abort();
      await expect(joining).rejects.toMatchObject({ code: 'aborted' });
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    } finally {
      await server.close();
    }
  });

  it('aborted inside a handler: tells no more peers', async () => {
    const controller = new AbortController();
    const on = new NotingHandlers();
    const peer = (id: string): void => {
      on.seen.push(['peer', id]);
      controller.abort();
    };
    const joining = webSocketSignaling(URL, { WebSocket: HandSocket }).join('room', Object.assign(on, { peer }), controller.signal);
    HandSocket.last.hear({ kind: 'joined', self: 'me', peers: ['ann', 'bob'] });
    await expect(joining).rejects.toMatchObject({ code: 'aborted' });
    expect(on.seen).toEqual([['peer', 'ann']]);
  });

  it('lets go of the abort signal once joined', async () => {
    const controller = new AbortController();
    const joining = webSocketSignaling(URL, { WebSocket: HandSocket }).join('room', new NotingHandlers(), controller.signal);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    HandSocket.last.hear({ kind: 'joined', self: 'me', peers: [] });
    await joining;
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });
});

describe('in the room', () => {
  it.each([
    ['a text that is no message', 'hello'],
    ['bytes', new Uint8Array([1, 2])],
    ['a message of an unknown kind', '{"kind":"weather"}'],
    ['a second answer to join', '{"kind":"joined","self":"you","peers":[]}'],
    ['a peer that is there already', '{"kind":"peer","id":"ann"}'],
    ['itself as another peer', '{"kind":"peer","id":"me"}'],
    ['the end of a peer that is not there', '{"kind":"gone","id":"carl"}'],
    ['a signal of a peer that is not there', '{"kind":"signal","from":"carl","signal":{"attempt":"x","kind":"bye","reason":""}}'],
    ['a signal of no known kind', '{"kind":"signal","from":"ann","signal":{"attempt":"x","kind":"wave"}}'],
  ])('reports %s as unknown, and goes on', async (_what, data) => {
    const { on, socket } = await joinByHand();
    socket.onmessage?.({ data });
    socket.hear({ kind: 'signal', from: 'ann', signal: bye('x') });
    expect(on.seen).toEqual([
      ['unknown', data],
      ['signal', 'ann', bye('x')],
    ]);
  });

  it('keeps no more peers than a room has, however many the server names', async () => {
    const { on, socket } = await joinByHand();
    for (let i = 0; i < 1000; i++) socket.hear({ kind: 'peer', id: `peer ${i}` });
    const told = (what: string): number => on.seen.filter(([name]) => name === what).length;
    expect([told('peer'), told('unknown')]).toEqual([MAX_ROOM_PEERS - 3, 1000 - (MAX_ROOM_PEERS - 3)]);
    socket.hear({ kind: 'gone', id: 'ann' });
    socket.hear({ kind: 'peer', id: 'carl' });
    expect(on.seen.at(-1)).toEqual(['peer', 'carl']);
  });

  it('keeps every known peer when the socket is lost, and tells it once', async () => {
    const { on, socket, room } = await joinByHand();
    socket.onerror?.({ message: 'read ECONNRESET' });
    socket.break();
    socket.break();
    expect(on.seen).toEqual([['status', 'closed', 'read ECONNRESET']]);
    room.send('ann', bye('x'));
    room.close();
    expect(socket.sent).toHaveLength(1);
  });

  it('tells why the server ended the connection', async () => {
    const { on, socket } = await joinByHand();
    socket.hear({ kind: 'refused', code: 'bad-message', reason: 'not understood' });
    socket.break();
    expect(on.seen).toEqual([['status', 'closed', 'not understood']]);
    expect(socket.closed).toEqual([1000]);
  });

  it('hears that a real server was closed', async () => {
    const server = await startRoomServer();
    const on = new NotingHandlers();
    await webSocketSignaling(server.url, { WebSocket }).join('room', on);
    await Promise.all([server.close(), on.until(1)]);
    expect(on.seen).toEqual([['status', 'closed', 'the server was closed']]);
  });

  it('takes leave when it closes, and hears nothing more', async () => {
    const { on, socket, room } = await joinByHand();
    room.close();
    room.close();
    expect(socket.sent.slice(1)).toEqual([{ kind: 'leave' }]);
    expect(socket.closed).toEqual([1000]);
    socket.hear({ kind: 'gone', id: 'ann' });
    socket.onmessage?.({ data: 'hello' });
    socket.break();
    expect(on.seen).toEqual([]);
  });

  it('sends to those who are there, and to nobody else', async () => {
    const { socket, room } = await joinByHand();
    room.send('ann', bye('1'));
    room.send('carl', bye('2'));
    socket.hear({ kind: 'gone', id: 'ann' });
    room.send('ann', bye('3'));
    socket.hear({ kind: 'peer', id: 'carl' });
    room.send('carl', bye('4'));
    expect(socket.sent.slice(1)).toEqual([
      { kind: 'signal', to: 'ann', signal: bye('1') },
      { kind: 'signal', to: 'carl', signal: bye('4') },
    ]);
  });

  it('reports a signal that no server takes, and stays in the room', async () => {
    const { on, socket, room } = await joinByHand();
    const rest = JSON.stringify({ kind: 'signal', to: 'ann', signal: bye('') }).length;
    const fits = bye('x'.repeat(MAX_CLIENT_MESSAGE_BYTES - rest));
    const tooLong = bye(`${fits.attempt}x`);
    // Half as many characters, but each takes two bytes.
    const tooManyBytes = bye('\u00e9'.repeat((MAX_CLIENT_MESSAGE_BYTES - rest) / 2 + 1));
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    for (const signal of [fits, tooLong, tooManyBytes, cyclic as Signal]) room.send('ann', signal);
    expect(socket.sent.slice(1)).toEqual([{ kind: 'signal', to: 'ann', signal: fits }]);
    expect(on.seen).toEqual([
      ['unknown', tooLong],
      ['unknown', tooManyBytes],
      ['unknown', cyclic],
    ]);
  });
});
