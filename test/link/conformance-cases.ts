// What a peer connection does, as far as links rely on it: named cases for any constructor and any runner, in Node or in a page. Only what
// the double, wrtc and browsers all do is asserted.
//
// Where they differ, and nothing may rely on it:
// - Closing a connection: wrtc tells its own handlers (`closed` states, the channels' close), the double and browsers do not.
// - What was sent directly before a close may arrive or not.
// - Calls on a closed connection reject; wrtc's `addIceCandidate` never ends then. Calls under way at a close may never end.
// - A message over the limit: wrtc closes the channel, the double and browsers throw.
// - `bufferedAmount` is always 0 in wrtc.
// - An offer while one's own is under way: browsers roll theirs back, the double refuses it.
// - A closing channel's `readyState` (it is not part of `RtcDataChannel`); a candidate of another user name or without a section.
// - ICE is `new` or `checking` while there is no remote address. wrtc's state may run ahead of its events.
// - The end of candidates (null) may come before the last candidate in wrtc.
// - An error's class and name, other than that there is one.
import { type Carry, type ConformanceWorld, expect, nothing, plainly, QUIET_MS, same, Scene, throws } from './conformance-scene.js';

export interface ConformanceCase {
  readonly name: string;
  /** Rejects with an Error that says what was seen instead. */
  run(world: ConformanceWorld): Promise<void>;
}

const NOWHERE = { candidate: 'candidate:1 1 udp 2122260223 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };

const one = (name: string, check: (scene: Scene) => Promise<void>, relayOnly = false): ConformanceCase => ({
  name,
  async run(world) {
    const scene = new Scene(world, relayOnly);
    try {
      await check(scene);
    } finally {
      scene.close();
    }
  },
});

export const CONFORMANCE_CASES: readonly ConformanceCase[] = [
  one('a fresh connection is new, finds nothing, and tells nothing', async ({ a, world }) => {
    await world.pass(QUIET_MS);
    same([a.connection.connectionState, a.connection.iceConnectionState], ['new', 'new']);
    same([a.found, a.log], [[], []]);
  }),
  one('an offer is a description, and making it begins nothing', async (scene) => {
    const { sdp } = await scene.offer();
    expect(sdp.startsWith('v=0\r\n'), `the offer begins with ${sdp.slice(0, 20)}`);
    expect(/^m=application /m.test(sdp), 'the offer has no section for data');
    await scene.quiet();
    same(scene.a.found, []);
  }),
  one('addresses are found after the own description is set, and their end is told', async (scene) => {
    const { a } = scene;
    await scene.call(a.connection.setLocalDescription(await scene.offer()));
    await scene.until('the end of candidates', () => a.found.includes(null));
    await scene.quiet();
    same(a.found.filter((candidate) => candidate === null).length, 1);
    const named = a.found.filter((candidate) => candidate !== null);
    expect(named.length > 0, 'no address was found');
    for (const { candidate, sdpMid, sdpMLineIndex } of named) {
      expect(/^candidate:\S+ 1 (udp|tcp) \d+ \S+ \d+ typ host/i.test(candidate), `a candidate is ${candidate}`);
      expect(sdpMid !== null || sdpMLineIndex !== null, 'a candidate names no section');
    }
  }),
  one(
    'with TURN alone and no TURN server only the end of candidates is told',
    async (scene) => {
      const { a } = scene;
      await scene.call(a.connection.setLocalDescription(await scene.offer()));
      await scene.until('the end of candidates', () => a.found.includes(null));
      same(a.found, [null]);
    },
    true,
  ),
  one('what comes in the wrong order is refused, and does no harm', async (scene) => {
    const { a, b } = scene;
    const offer = await scene.offer();
    await scene.refuses('a candidate before the remote description', () => a.connection.addIceCandidate(NOWHERE));
    await scene.refuses('an answer without an offer', () => b.connection.createAnswer());
    await scene.refuses('a remote answer without an offer', () => a.connection.setRemoteDescription({ type: 'answer', sdp: offer.sdp }));
    const own = await scene.call(b.connection.createOffer());
    await scene.refuses('a local answer without an offer', () => b.connection.setLocalDescription({ type: 'answer', sdp: own.sdp ?? '' }));
    await scene.connect();
  }),
  one('nonsense is refused as a description, and does no harm', async (scene) => {
    for (const sdp of ['nonsense', '']) {
      await scene.refuses(`"${sdp}" as an offer`, () => scene.b.connection.setRemoteDescription({ type: 'offer', sdp }));
    }
    await scene.connect();
  }),
  one('a second answer is refused, and does no harm', async (scene) => {
    await scene.negotiate();
    const { sdp } = await scene.offer();
    await scene.refuses('a second answer', () => scene.a.connection.setRemoteDescription({ type: 'answer', sdp }));
    await scene.until('open channels on both sides', () => scene.a.up && scene.b.up);
  }),
  one('channels agreed on beforehand open on both sides, each once, and none is announced', async (scene) => {
    await scene.connect();
    await scene.quiet();
    for (const { log, foreign } of [scene.a, scene.b]) {
      for (const label of ['reliable', 'unordered']) same(log.filter((line) => line.startsWith(`open ${label}`)).length, 1);
      same(foreign.length, 0);
    }
  }),
  one('addresses, then the encrypted transport, then channels: in this order', async (scene) => {
    await scene.connect();
    for (const { log, connection } of [scene.a, scene.b]) {
      const at = (pattern: RegExp): number => log.findIndex((line) => pattern.test(line));
      const order = [at(/^ice (connected|completed)/), at(/^connection connected/), at(/^open/)];
      expect(order[0]! >= 0 && order[0]! < order[1]! && order[1]! < order[2]!, `the events came as ${log.join(', ')}`);
      same(
        log.filter((line) => line.startsWith('open') && !line.endsWith('while connected')),
        [],
      );
      same(connection.connectionState, 'connected');
      expect(['connected', 'completed'].includes(connection.iceConnectionState), `ICE is ${connection.iceConnectionState}`);
    }
  }),
  one('without any address of the other side nothing is connected', async (scene) => {
    await scene.negotiate(nothing, nothing);
    await scene.until('the end of candidates', () => scene.a.found.includes(null) && scene.b.found.includes(null));
    await scene.quiet();
    for (const { connection, up } of [scene.a, scene.b]) {
      same(up, false);
      expect(['new', 'checking'].includes(connection.iceConnectionState), `ICE is ${connection.iceConnectionState}`);
      expect(['new', 'connecting'].includes(connection.connectionState), `the connection is ${connection.connectionState}`);
    }
  }),
  ...(['a', 'b'] as const).map((name) =>
    one(`the addresses of ${name === 'a' ? 'the offering' : 'the answering'} side are enough`, async (scene) => {
      await scene.negotiate(name === 'a' ? plainly : nothing, name === 'b' ? plainly : nothing);
      await scene.until('open channels on both sides', () => scene.a.up && scene.b.up);
    }),
  ),
  one('addresses inside a description are enough', async (scene) => {
    const { a, b } = scene;
    const offer = await scene.offer();
    await scene.call(a.connection.setLocalDescription(offer));
    await scene.until('all candidates', () => a.found.includes(null) && a.found.length > 1);
    const lines = a.found.flatMap((found) => (found === null ? [] : [`a=${found.candidate}\r\n`]));
    await scene.call(b.connection.setRemoteDescription({ type: 'offer', sdp: offer.sdp + lines.join('') }));
    const { sdp } = await scene.call(b.connection.createAnswer());
    await scene.call(b.connection.setLocalDescription({ type: 'answer', sdp: sdp ?? '' }));
    await scene.call(a.connection.setRemoteDescription({ type: 'answer', sdp: sdp ?? '' }));
    await scene.until('open channels on both sides', () => a.up && b.up);
  }),
  one('each address twice does no harm', async (scene) => {
    const twice: Carry = (found) => [...plainly(found), ...plainly(found)];
    await scene.negotiate(twice, twice);
    await scene.until('open channels on both sides', () => scene.a.up && scene.b.up);
    same(scene.refused, []);
  }),
  one('an address that leads nowhere, a .local name and TCP are taken and do no harm', async (scene) => {
    const strange: Carry = (found) => [
      NOWHERE,
      { ...NOWHERE, candidate: 'candidate:1 1 udp 2122260223 8a3c5f0e-1111-4222-8333-444455556666.local 50000 typ host' },
      { ...NOWHERE, candidate: 'candidate:1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active' },
      ...plainly(found),
    ];
    await scene.negotiate(strange, strange);
    await scene.until('open channels on both sides', () => scene.a.up && scene.b.up);
    same(scene.refused, []);
  }),
  one('a candidate may name its section by number or by name alone; an empty one is no error', async (scene) => {
    await scene.negotiate(
      ({ candidate }) => [{ candidate, sdpMLineIndex: 0 }],
      ({ candidate }) => [
        { candidate, sdpMid: '0' },
        { candidate: '', sdpMid: '0', sdpMLineIndex: 0 },
      ],
    );
    await scene.until('open channels on both sides', () => scene.a.up && scene.b.up);
    same(scene.refused, []);
  }),
  one('nonsense and unknown sections are refused as candidates, and do no harm', async (scene) => {
    await scene.negotiate();
    for (const bad of [
      { ...NOWHERE, candidate: 'candidate:nonsense' },
      { candidate: NOWHERE.candidate, sdpMid: 'unknown' },
      { candidate: NOWHERE.candidate, sdpMLineIndex: 7 },
    ]) {
      await scene.refuses(JSON.stringify(bad), () => scene.a.connection.addIceCandidate(bad));
    }
    await scene.until('open channels on both sides', () => scene.a.up && scene.b.up);
  }),
  one('sending before the channel is open throws', async ({ a }) => {
    throws('send', () => a.reliable.send('early'));
    same(a.reliable.bufferedAmount, 0);
  }),
  one('text arrives as text, bytes as an ArrayBuffer, of every length, in order', async (scene) => {
    await scene.connect();
    const { a, b } = scene;
    const long = Uint8Array.from({ length: 65_536 }, (_, i) => i * 7 + (i >> 8));
    a.reliable.send('h\u00e9\u{1f3ae}');
    a.reliable.send('');
    a.reliable.send(new Uint8Array([1, 2, 3]));
    a.reliable.send(new Uint8Array(0));
    a.reliable.send(long);
    a.reliable.send(long.subarray(5, 8));
    await scene.until('six messages', () => b.messages.length === 6);
    same(b.messages.slice(0, 2), ['h\u00e9\u{1f3ae}', '']);
    const bytes = b.messages.slice(2).map((data) => {
      expect(data instanceof ArrayBuffer, `bytes arrived as ${Object.prototype.toString.call(data)}`);
      return [...new Uint8Array(data as ArrayBuffer)];
    });
    same(bytes, [[1, 2, 3], [], [...long], [...long.subarray(5, 8)]]);
  }),
  one('both sides may send as soon as their channel is open, and nothing arrives before the other one is', async (scene) => {
    for (const { reliable, log } of [scene.a, scene.b]) {
      reliable.onopen = () => {
        log.push('open reliable');
        reliable.send('at once');
      };
    }
    await scene.connect();
    await scene.until('a message on both sides', () => scene.a.messages.length > 0 && scene.b.messages.length > 0);
    for (const { log } of [scene.a, scene.b]) expect(log.indexOf('open reliable') < log.indexOf('message reliable'), log.join(', '));
  }),
  one('what is sent is what the bytes were then', async (scene) => {
    await scene.connect();
    const bytes = new Uint8Array([1, 2, 3]);
    for (let i = 0; i < 10; i++) {
      bytes[0] = i;
      scene.a.unordered.send(bytes);
    }
    await scene.until('ten messages', () => scene.b.messages.length === 10);
    const firsts = scene.b.messages.map((data) => new Uint8Array(data as ArrayBuffer)[0]!);
    same(
      firsts.toSorted((x, y) => x - y),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  }),
  one('many messages on a reliable channel arrive in order, and the buffer is empty afterwards', async (scene) => {
    await scene.connect();
    const sent = Array.from({ length: 500 }, (_, i) => `${i} ${'x'.repeat((i * 37) % 3000)}`);
    for (const text of sent) scene.a.reliable.send(text);
    await scene.until('all messages', () => scene.b.messages.length === sent.length);
    same(scene.b.messages, sent);
    same(scene.a.reliable.bufferedAmount, 0);
  }),
  one('a second channel on a taken stream is refused', async (scene) => {
    throws('a second channel 0', () => scene.a.connection.createDataChannel('again', { negotiated: true, id: 0 }));
    await scene.connect();
  }),
  one('a message of more than 262 144 bytes throws or closes the channel, and does not arrive', async (scene) => {
    await scene.connect();
    const { a, b } = scene;
    let threw = false;
    try {
      a.reliable.send(new Uint8Array(262_145));
    } catch {
      threw = true;
    }
    if (!threw) await scene.until('the end of the channel', () => a.has('close reliable'));
    await scene.quiet();
    same(b.messages, []);
  }),
  one('closing a channel ends it on both sides, and only it', async (scene) => {
    await scene.connect();
    const { a, b } = scene;
    a.unordered.close();
    throws('send on a closed channel', () => a.unordered.send('late'));
    await scene.until('the end on both sides', () => a.has('close unordered') && b.has('close unordered'));
    throws("send on the other side's closed channel", () => b.unordered.send('late'));
    a.unordered.close();
    b.reliable.send('still here');
    await scene.until('a message on the other channel', () => a.messages.length === 1);
    await scene.quiet();
    same([a.log.filter((line) => line === 'close unordered').length, b.log.filter((line) => line === 'close unordered').length], [1, 1]);
    same([a.has('close reliable'), b.has('close reliable')], [false, false]);
  }),
  one('a channel that one side opens alone is announced to the other, which may close it', async (scene) => {
    await scene.connect();
    const { a, b } = scene;
    a.channel('alone', {});
    await scene.until('the channel', () => b.foreign.length === 1);
    b.foreign[0]!.close();
    await scene.until('its end', () => a.has('close alone'));
    same(a.has('close reliable'), false);
  }),
  one('when the other side closes, the channels end, and the connection stays connected for a while', async (scene) => {
    await scene.connect();
    const { a, b } = scene;
    a.connection.close();
    await scene.until('the end of the channels', () => b.has('close reliable') && b.has('close unordered'));
    throws('send on a closed channel', () => b.reliable.send('late'));
    await scene.world.pass(1500);
    same(b.connection.connectionState, 'connected');
    same(b.log.filter((line) => line.startsWith('close reliable')).length, 1);
  }),
  one('closing ends everything at once, and may be repeated', async (scene) => {
    await scene.connect();
    const { connection, reliable } = scene.a;
    connection.close();
    connection.close();
    same([connection.connectionState, connection.iceConnectionState], ['closed', 'closed']);
    throws('send', () => reliable.send('late'));
    throws('createDataChannel', () => connection.createDataChannel('late', { negotiated: true, id: 5 }));
    await scene.refuses('an offer of a closed connection', () => connection.createOffer());
    await scene.refuses('an answer of a closed connection', () => connection.createAnswer());
    await scene.refuses('a remote description', () => connection.setRemoteDescription({ type: 'offer', sdp: 'v=0' }));
    await scene.refuses('a local description', () => connection.setLocalDescription({ type: 'offer', sdp: 'v=0' }));
  }),
  one('a close in the middle of connecting leaves the other side unconnected', async (scene) => {
    const { a, b } = scene;
    await scene.negotiate(nothing, nothing);
    a.connection.close();
    await scene.until('candidates', () => b.found.includes(null));
    await scene.quiet();
    same([b.up, a.up], [false, false]);
    expect(['new', 'connecting'].includes(b.connection.connectionState), `the other side is ${b.connection.connectionState}`);
  }),
  one('handlers that were taken away are not called', async (scene) => {
    await scene.connect();
    const { a, b } = scene;
    for (const { connection, reliable, unordered } of [a, b]) {
      connection.onconnectionstatechange = null;
      connection.oniceconnectionstatechange = null;
      for (const channel of [reliable, unordered]) {
        channel.onmessage = null;
        channel.onclose = null;
      }
    }
    const before = [...b.log];
    a.reliable.send('unheard');
    await scene.quiet();
    a.connection.close();
    await scene.quiet();
    same([b.log, b.messages], [before, []]);
  }),
];
