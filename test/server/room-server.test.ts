// The room server as it looks from the network: rooms, caps, strangers, half-open sockets, starting and stopping.
import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { startRoomServer, type RoomServer, type RoomServerOptions } from '../../src/server/index.js';
import { MAX_CLIENT_MESSAGE_BYTES } from '../../src/signaling/room-protocol.js';
import { HandClock, RawClient } from './raw-client.js';

const BEAT_MS = 20_000;

let servers: RoomServer[] = [];

async function start(options?: RoomServerOptions): Promise<RoomServer> {
  const server = await startRoomServer(options);
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

describe('rooms', () => {
  it('reports who is there, who comes and who goes, and forgets an empty room', async () => {
    const server = await start();
    expect(server.rooms()).toBe(0);
    const ann = await RawClient.joined(server.url, 'room', 'ann');
    const bob = await RawClient.open(server.url);
    bob.say({ kind: 'join', v: 1, room: 'room', id: 'bob' });
    expect(await bob.next()).toEqual({ kind: 'joined', self: 'bob', peers: ['ann'] });
    expect(await ann.next()).toEqual({ kind: 'peer', id: 'bob' });
    expect(server.rooms()).toBe(1);
    bob.say({ kind: 'leave' });
    expect(await ann.next()).toEqual({ kind: 'gone', id: 'bob' });
    expect(await bob.closed).toBe(1000);
    ann.say({ kind: 'leave' });
    expect(await ann.closed).toBe(1000);
    expect(server.rooms()).toBe(0);
    expect(server.counters()).toEqual({ refused: 0, unaddressed: 0, lost: 0 });
  });

  it('counts a connection that ends without leave', async () => {
    const server = await start();
    const ann = await RawClient.joined(server.url, 'room', 'ann');
    const bob = await RawClient.joined(server.url, 'room', 'bob');
    await ann.next();
    bob.socket.terminate();
    expect(await ann.next()).toEqual({ kind: 'gone', id: 'bob' });
    expect(server.counters().lost).toBe(1);
  });

  it('knows the sender, whatever the message says', async () => {
    const server = await start();
    const ann = await RawClient.joined(server.url, 'room', 'ann');
    const bob = await RawClient.joined(server.url, 'room', 'bob');
    bob.say({ kind: 'signal', to: 'ann', from: 'carl', signal: { attempt: 'x', from: 'carl' } });
    await ann.next();
    expect(await ann.next()).toEqual({ kind: 'signal', from: 'bob', signal: { attempt: 'x', from: 'carl' } });
  });

  it('counts signals to nobody, to oneself and into other rooms, and delivers none', async () => {
    const server = await start();
    const ann = await RawClient.joined(server.url, 'room', 'ann');
    const bob = await RawClient.joined(server.url, 'room', 'bob');
    const eve = await RawClient.joined(server.url, 'elsewhere', 'eve');
    for (const to of ['nobody', 'bob', 'eve']) bob.say({ kind: 'signal', to, signal: 1 });
    eve.say({ kind: 'signal', to: 'ann', signal: 1 });
    await ann.next();
    await bob.reaches(ann, 'bob', 'ann');
    await ann.reaches(bob, 'ann', 'bob');
    expect(server.counters().unaddressed).toBe(4);
  });

  it('refuses an id that is taken in this room, until it is free again', async () => {
    const server = await start();
    const first = await RawClient.joined(server.url, 'room', 'ann');
    await RawClient.joined(server.url, 'elsewhere', 'ann');
    const second = await RawClient.open(server.url);
    second.say({ kind: 'join', v: 1, room: 'room', id: 'ann' });
    expect(await second.next()).toMatchObject({ kind: 'refused', code: 'id-taken' });
    expect(await second.closed).toBe(1008);
    first.say({ kind: 'leave' });
    await first.closed;
    await RawClient.joined(server.url, 'room', 'ann');
    expect(server.counters().refused).toBe(1);
  });

  it('refuses more peers than a room takes, and says how many that are', async () => {
    const server = await start({ maxPeersPerRoom: 2 });
    await RawClient.joined(server.url, 'room');
    const second = await RawClient.joined(server.url, 'room');
    const third = await RawClient.open(server.url);
    third.say({ kind: 'join', v: 1, room: 'room' });
    expect(await third.next()).toMatchObject({ kind: 'refused', code: 'room-full', players: 2 });
    await RawClient.joined(server.url, 'another room');
    second.say({ kind: 'leave' });
    await second.closed;
    await RawClient.joined(server.url, 'room');
  });

  it('hands out ids from outside and ICE servers', async () => {
    const iceServers = [{ urls: 'stun:x' }];
    const server = await start({ newId: () => 'chosen', iceServers });
    const client = await RawClient.open(server.url);
    client.say({ kind: 'join', v: 1, room: 'room' });
    expect(await client.next()).toEqual({ kind: 'joined', self: 'chosen', peers: [], iceServers });
  });

  it('refuses another version of the protocol', async () => {
    const server = await start();
    const client = await RawClient.open(server.url);
    client.say({ kind: 'join', v: 2, room: 'room' });
    expect(await client.next()).toMatchObject({ kind: 'refused', code: 'version' });
    expect(await client.closed).toBe(1008);
  });

  it('takes __proto__ and its like as names like any other', async () => {
    const server = await start();
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const ann = await RawClient.joined(server.url, name, '__proto__');
      const bob = await RawClient.open(server.url);
      bob.say({ kind: 'join', v: 1, room: name, id: 'constructor' });
      expect(await bob.next()).toEqual({ kind: 'joined', self: 'constructor', peers: ['__proto__'] });
      expect(await ann.next()).toEqual({ kind: 'peer', id: 'constructor' });
      bob.sayRaw('{"kind":"signal","to":"__proto__","signal":{"__proto__":{"polluted":1}}}');
      expect(JSON.stringify(await ann.next())).toBe('{"kind":"signal","from":"constructor","signal":{"__proto__":{"polluted":1}}}');
    }
    expect(server.rooms()).toBe(3);
    expect(server.counters()).toEqual({ refused: 0, unaddressed: 0, lost: 0 });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('strangers', () => {
  it.each([
    ['text that is no JSON', 'bad-message', '{"kind":'],
    ['bytes', 'bad-message', new TextEncoder().encode('{"kind":"leave"}')],
    ['an unknown kind', 'bad-message', '{"kind":"shout"}'],
    ['a room name that is too long', 'bad-message', JSON.stringify({ kind: 'join', v: 1, room: 'x'.repeat(129) })],
    ['an id that is too long', 'bad-message', JSON.stringify({ kind: 'join', v: 1, room: 'x', id: 'x'.repeat(65) })],
    ['a signal before the join', 'out-of-order', '{"kind":"signal","to":"ann","signal":{}}'],
  ])('who begin with %s are refused (%s)', async (_what, code, data) => {
    const server = await start();
    const ann = await RawClient.joined(server.url, 'room', 'ann');
    const stranger = await RawClient.open(server.url);
    stranger.sayRaw(data);
    expect(await stranger.next()).toMatchObject({ kind: 'refused', code });
    expect(await stranger.closed).toBe(1008);
    const bob = await RawClient.joined(server.url, 'room', 'bob');
    expect(await ann.next()).toEqual({ kind: 'peer', id: 'bob' });
    await bob.reaches(ann, 'bob', 'ann');
  });

  it.each([
    ['join twice', 'out-of-order', '{"kind":"join","v":1,"room":"another"}'],
    [
      'send a signal that is nested too deeply',
      'bad-message',
      `{"kind":"signal","to":"ann","signal":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    ],
    ['send text that is no JSON', 'bad-message', 'hello'],
  ])('who %s are refused, and gone for the others (%s)', async (_what, code, data) => {
    const server = await start();
    const ann = await RawClient.joined(server.url, 'room', 'ann');
    const stranger = await RawClient.joined(server.url, 'room', 'stranger');
    expect(await ann.next()).toEqual({ kind: 'peer', id: 'stranger' });
    stranger.sayRaw(data);
    expect(await stranger.next()).toMatchObject({ kind: 'refused', code });
    expect(await ann.next()).toEqual({ kind: 'gone', id: 'stranger' });
    expect(server.rooms()).toBe(1);
    expect(server.counters()).toEqual({ refused: 1, unaddressed: 0, lost: 0 });
  });

  it('who go on talking after a refusal are not heard', async () => {
    const server = await start();
    const ann = await RawClient.joined(server.url, 'room', 'ann');
    const stranger = await RawClient.open(server.url);
    stranger.sayRaw('hello');
    stranger.say({ kind: 'join', v: 1, room: 'room' });
    expect(await stranger.next()).toMatchObject({ kind: 'refused', code: 'bad-message' });
    expect(await stranger.closed).toBe(1008);
    const bob = await RawClient.joined(server.url, 'room', 'bob');
    expect(await ann.next()).toEqual({ kind: 'peer', id: 'bob' });
    bob.say({ kind: 'leave' });
    bob.say({ kind: 'signal', to: 'ann', signal: 1 });
    expect(await ann.next()).toEqual({ kind: 'gone', id: 'bob' });
    expect(await bob.closed).toBe(1000);
    expect(server.counters()).toEqual({ refused: 1, unaddressed: 0, lost: 0 });
  });

  it('may send the longest message, and are cut off one byte later', async () => {
    const server = await start();
    const ann = await RawClient.joined(server.url, 'room', 'ann');
    const bob = await RawClient.joined(server.url, 'room', 'bob');
    await ann.next();
    const empty = { kind: 'signal', to: 'ann', signal: '' };
    const longest = 'x'.repeat(MAX_CLIENT_MESSAGE_BYTES - JSON.stringify(empty).length);
    bob.say({ ...empty, signal: longest });
    expect(await ann.next()).toEqual({ kind: 'signal', from: 'bob', signal: longest });
    bob.say({ ...empty, signal: `${longest}x` });
    expect(await ann.next()).toEqual({ kind: 'gone', id: 'bob' });
    expect(await bob.closed).toBe(1009);
    expect(server.counters().lost).toBe(1);
  });

  it('who do not read what they are sent are ended, before it fills the memory', async () => {
    const server = await start();
    const ann = await RawClient.joined(server.url, 'room', 'ann');
    const deaf = await RawClient.joined(server.url, 'room', 'deaf');
    expect(await ann.next()).toEqual({ kind: 'peer', id: 'deaf' });
    deaf.socket.pause();
    // 50 MB: more than the sockets' buffers in the kernel take, which is some megabytes.
    const signal = 'x'.repeat(100_000);
    for (let i = 0; i < 500; i++) ann.say({ kind: 'signal', to: 'deaf', signal });
    expect(await ann.next()).toEqual({ kind: 'gone', id: 'deaf' });
    expect(server.counters().lost).toBe(1);
    deaf.socket.terminate();
  });

  it('with anything at all on their tongue do not disturb a room', async () => {
    const server = await start();
    const ann = await RawClient.joined(server.url, 'room', 'ann');
    const bob = await RawClient.joined(server.url, 'room', 'bob');
    await ann.next();
    const word = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({
          kind: fc.constantFrom('join', 'signal', 'leave', 'x'),
          v: fc.constant(1),
          room: fc.string(),
          to: fc.string(),
          signal: fc.anything(),
        })
        .map((value) => JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part))),
      fc.uint8Array(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 5 }), async (words) => {
        const stranger = await RawClient.open(server.url);
        for (const each of words) stranger.sayRaw(each);
        stranger.socket.close();
        await stranger.closed;
        await ann.reaches(bob, 'ann', 'bob');
        await bob.reaches(ann, 'bob', 'ann');
      }),
      { numRuns: 100 },
    );
    expect(server.rooms()).toBe(1);
  });

  it('with a browser in the wrong place are told what this is', async () => {
    const server = await start();
    const answer = await fetch(server.url.replace('ws:', 'http:'));
    expect(answer.status).toBe(426);
    expect(await answer.text()).toContain('room server');
  });
});

describe('heartbeats', () => {
  it('end a half-open connection within two beats, and leave the others', async () => {
    const clock = new HandClock();
    const server = await start({ clock });
    const ann = await RawClient.joined(server.url, 'room', 'ann');
    const bob = await RawClient.joined(server.url, 'room', 'bob');
    await ann.next();
    // It answers no ping: what a socket looks like whose other end has lost its network.
    const dead = await RawClient.joined(server.url, 'room', 'dead', { autoPong: false });
    for (const one of [ann, bob]) expect(await one.next()).toEqual({ kind: 'peer', id: 'dead' });
    const pinged = Promise.all([ann, bob, dead].map((one) => once(one.socket, 'ping')));
    clock.advance(BEAT_MS);
    await pinged;
    // What they say after their pongs has arrived: so have the pongs.
    await ann.reaches(bob, 'ann', 'bob');
    await bob.reaches(ann, 'bob', 'ann');
    clock.advance(BEAT_MS - 1);
    await ann.reaches(bob, 'ann', 'bob');
    clock.advance(1);
    for (const one of [ann, bob]) expect(await one.next()).toEqual({ kind: 'gone', id: 'dead' });
    expect(await dead.closed).toBe(1006);
    expect(server.counters()).toEqual({ refused: 0, unaddressed: 0, lost: 1 });
  });

  it('keep a silent connection that answers them', async () => {
    const clock = new HandClock();
    const server = await start({ clock });
    const ann = await RawClient.joined(server.url, 'room', 'ann');
    for (let beat = 0; beat < 5; beat++) {
      const pinged = once(ann.socket, 'ping');
      clock.advance(BEAT_MS);
      await pinged;
      // Its pong is on the way; another connection's round trip comes behind it.
      const fence = await RawClient.joined(server.url, 'fence');
      fence.say({ kind: 'leave' });
      await fence.closed;
    }
    expect(server.rooms()).toBe(1);
    expect(server.counters().lost).toBe(0);
  });

  it('refuse a connection that has not joined by its second beat', async () => {
    const clock = new HandClock();
    const server = await start({ clock });
    const idle = await RawClient.open(server.url);
    const pinged = once(idle.socket, 'ping');
    clock.advance(BEAT_MS);
    await pinged;
    // Its pong is on the way; another connection's round trip comes behind it.
    const fence = await RawClient.joined(server.url, 'fence');
    fence.say({ kind: 'leave' });
    await fence.closed;
    clock.advance(BEAT_MS);
    expect(await idle.next()).toMatchObject({ kind: 'refused', code: 'no-join' });
    expect(await idle.closed).toBe(1008);
  });
});

describe('starting and stopping', () => {
  it('tells its address, and frees its port', async () => {
    const first = await start();
    expect(first.url).toBe(`ws://127.0.0.1:${first.port}`);
    await first.close();
    const second = await start({ port: first.port });
    expect(second.port).toBe(first.port);
    await RawClient.joined(second.url, 'room');
  });

  it('names an address that can be reached if it listens everywhere', async () => {
    const server = await start({ host: '0.0.0.0' });
    expect(server.url).toBe(`ws://127.0.0.1:${server.port}`);
    await RawClient.joined(server.url, 'room');
  });

  it('rejects a taken port with port-taken', async () => {
    const { port } = await start();
    await expect(startRoomServer({ port })).rejects.toMatchObject({ code: 'port-taken', fields: { port }, remedy: 'choose another port' });
  });

  it.each([
    ['port', { port: 65_536 }],
    ['port', { port: Number.NaN }],
    ['maxPeersPerRoom', { maxPeersPerRoom: 0 }],
    ['maxPeersPerRoom', { maxPeersPerRoom: 257 }],
    ['host', { host: '192.0.2.1' }],
    ['iceServers', { iceServers: [{ urls: [] }] }],
  ])('rejects a %s that cannot be used', async (option, options) => {
    await expect(startRoomServer(options)).rejects.toMatchObject({ code: 'bad-option', fields: { option } });
  });

  it('ends every connection, once, however often it is closed, and stops its clock', async () => {
    const clock = new HandClock();
    const server = await start({ clock });
    const ann = await RawClient.joined(server.url, 'room', 'ann');
    const bob = await RawClient.joined(server.url, 'room', 'bob');
    await ann.next();
    const gone = await RawClient.joined(server.url, 'another room');
    gone.say({ kind: 'leave' });
    await gone.closed;
    const closing = server.close();
    expect(server.close()).toBe(closing);
    expect(await Promise.all([ann.closed, bob.closed])).toEqual([1001, 1001]);
    await closing;
    expect(clock.running).toBe(0);
    expect(server.rooms()).toBe(0);
    expect(server.counters().lost).toBe(0);
  });

  it('does not wait for connections that never spoke', async () => {
    const server = await start({ clock: new HandClock() });
    const [silent, halfway] = [connect(server.port, '127.0.0.1'), connect(server.port, '127.0.0.1')];
    const ended = Promise.all(
      [silent, halfway].map((socket) => {
        socket.on('error', () => undefined);
        return new Promise((done) => socket.once('close', done));
      }),
    );
    await Promise.all([once(silent, 'connect'), once(halfway, 'connect')]);
    halfway.write('GET / HTTP/1.1\r\nHost: ');
    await server.close();
    await ended;
  });

  it('does not wait longer than its limit for one that does not answer', async () => {
    const clock = new HandClock();
    const server = await start({ clock });
    const deaf = await RawClient.joined(server.url, 'room', 'deaf');
    deaf.socket.pause();
    const closing = server.close();
    clock.advance(1_000);
    await closing;
    deaf.socket.terminate();
  });
});
