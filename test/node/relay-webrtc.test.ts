// Real peer connections (@roamhq/wrtc) through relayed signaling and the relay: what is asked for is what they meet.
import wrtc from '@roamhq/wrtc';
import { afterEach, expect, test, vi } from 'vitest';
import type { Candidate, Signal } from '../../src/negotiation/signal.js';
import { startRelay } from '../../src/node/relay.js';
import type { Relay, RelayOptions } from '../../src/node/relay.js';
import { relayedSignaling } from '../../src/node/relayed-signaling.js';
import type { RelayedSignaling } from '../../src/node/relayed-signaling.js';
import type { Signaling, SignalingHandlers } from '../../src/signaling/interface.js';

// What this test uses of WebRTC; the package's own types need the DOM's.
interface Channel {
  binaryType: string;
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  send(data: string): void;
}
interface Description {
  type: 'offer' | 'answer';
  sdp: string;
}
interface Pc {
  readonly iceConnectionState: string;
  onicecandidate: ((event: { candidate: Candidate | null }) => void) | null;
  createDataChannel(label: string, options: object): Channel;
  createOffer(options?: { iceRestart: boolean }): Promise<Description>;
  createAnswer(): Promise<Description>;
  setLocalDescription(description: Description): Promise<void>;
  setRemoteDescription(description: Description): Promise<void>;
  addIceCandidate(candidate: Candidate | null): Promise<void>;
  close(): void;
}
const { RTCPeerConnection } = wrtc as unknown as { RTCPeerConnection: new () => Pc };

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

/** Two adapters whose peers, "a" and "b", are always in the room. */
function pairOfSignaling(): Record<'a' | 'b', Signaling> {
  const handlers = new Map<string, SignalingHandlers>();
  const adapter = (self: string): Signaling => ({
    async join(_room, on) {
      handlers.set(self, on);
      return {
        self,
        send: (to, signal) => queueMicrotask(() => handlers.get(to)?.signal(self, signal)),
        close: () => void handlers.delete(self),
      };
    },
  });
  return { a: adapter('a'), b: adapter('b') };
}

interface End {
  readonly pc: Pc;
  /** Unordered, `maxRetransmits: 0`. */
  readonly fast: Channel;
  /** Ordered, reliable. */
  readonly sure: Channel;
  readonly opened: Promise<void>;
  /** Makes and sends an offer. */
  offer(iceRestart?: boolean): Promise<void>;
  readonly signaling: RelayedSignaling;
  close(): void;
}

/** One peer, negotiating by hand. */
async function endOf(inner: Signaling, self: 'a' | 'b', relay: Relay, attempt: string): Promise<End> {
  const remote = self === 'a' ? 'b' : 'a';
  const signaling = relayedSignaling(inner, () => relay[self]);
  const pc = new RTCPeerConnection();
  const fast = pc.createDataChannel('fast', { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 });
  const sure = pc.createDataChannel('sure', { negotiated: true, id: 1 });
  const opened = Promise.all([fast, sure].map((channel) => new Promise<void>((resolve) => (channel.onopen = resolve)))).then(
    () => undefined,
  );
  let turn = Promise.resolve();
  const room = await signaling.join('room', {
    peer: () => undefined,
    gone: () => undefined,
    status: () => undefined,
    unknown: () => undefined,
    signal(_from, signal) {
      turn = turn.then(() => take(signal));
    },
  });
  const describe = async (description: Description): Promise<void> => {
    await pc.setLocalDescription(description);
    room.send(remote, { attempt, kind: 'description', type: description.type, sdp: description.sdp });
  };
  pc.onicecandidate = ({ candidate }) => room.send(remote, { attempt, kind: 'candidate', candidate });
  async function take(signal: Signal): Promise<void> {
    if (signal.kind === 'candidate') await pc.addIceCandidate(signal.candidate);
    if (signal.kind !== 'description') return;
    await pc.setRemoteDescription({ type: signal.type, sdp: signal.sdp });
    if (signal.type === 'offer') await describe(await pc.createAnswer());
  }
  const close = (): void => {
    room.close();
    pc.close();
  };
  closing.push(close);
  return { pc, fast, sure, opened, signaling, close, offer: async (iceRestart = false) => describe(await pc.createOffer({ iceRestart })) };
}

async function relayOf(options: RelayOptions): Promise<Relay> {
  const relay = await startRelay(options);
  closing.push(() => relay.close());
  return relay;
}

async function pairThrough(relay: Relay, attempt = 'first'): Promise<{ a: End; b: End }> {
  const inner = pairOfSignaling();
  const a = await endOf(inner.a, 'a', relay, attempt);
  const b = await endOf(inner.b, 'b', relay, attempt);
  await a.offer();
  return { a, b };
}

/** Resolves when the relay's counters are as asked. They make no events, so they are looked at. */
function whenRelay(relay: Relay, asked: (stats: ReturnType<Relay['stats']>) => boolean): Promise<void> {
  return vi.waitFor(() => expect(asked(relay.stats())).toBe(true), { timeout: 10_000, interval: 5 });
}

function nextMessage(channel: Channel): Promise<string> {
  return new Promise((resolve) => (channel.onmessage = ({ data }) => resolve(data)));
}

function median(values: readonly number[]): number {
  return [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)]!;
}

/** The median of the one-way delays of 30 messages, in ms. */
async function oneWayDelay(from: End, to: End): Promise<number> {
  const delays: number[] = [];
  for (let i = 0; i < 30; i++) {
    const arrived = nextMessage(to.fast);
    from.fast.send(String(performance.now()));
    const sentAt = Number(await arrived);
    delays.push(performance.now() - sentAt);
  }
  return median(delays);
}

test('each direction has its own delay, and both connect only through the relay', async () => {
  const relay = await relayOf({ impair: { aToB: { delayMs: 30 }, bToA: { delayMs: 5 } }, seed: 1 });
  const { a, b } = await pairThrough(relay);
  await Promise.all([a.opened, b.opened]);
  const [there, back] = [await oneWayDelay(a, b), await oneWayDelay(b, a)];
  expect(there).toBeGreaterThanOrEqual(30);
  expect(there).toBeLessThan(30 + 30);
  expect(back).toBeGreaterThanOrEqual(5);
  expect(back).toBeLessThan(5 + 25);
  const { aToB, bToA } = relay.stats();
  expect(aToB.forwarded).toBeGreaterThanOrEqual(30);
  expect(bToA.forwarded).toBeGreaterThanOrEqual(30);
  expect([aToB.dropped, bToA.dropped, aToB.moves, bToA.moves]).toEqual([0, 0, 0, 0]);
  expect(a.signaling.withheld.trickled).toBeGreaterThan(0);
});

test('an unreliable channel loses about what the relay is told to lose', async () => {
  const relay = await relayOf({ impair: {}, seed: 5 });
  const { a, b } = await pairThrough(relay);
  await Promise.all([a.opened, b.opened]);
  let arrived = 0;
  b.fast.onmessage = () => arrived++;
  const end = nextMessage(b.sure);
  relay.setImpairment({ aToB: { loss: 0.2 }, bToA: {} });
  const before = relay.stats().aToB;
  const total = 600;
  for (let sent = 0; sent < total;) {
    for (let i = 0; i < 2; i++, sent++) a.fast.send('x'.repeat(600));
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  const { dropped, forwarded } = relay.stats().aToB;
  const lossOfRelay = (dropped - before.dropped) / (dropped - before.dropped + forwarded - before.forwarded);
  relay.setImpairment({});
  a.sure.send('end');
  await end;
  // 600 packets: one standard deviation is 1.6 points.
  expect(lossOfRelay).toBeGreaterThan(0.13);
  expect(lossOfRelay).toBeLessThan(0.27);
  expect(1 - arrived / total).toBeGreaterThan(lossOfRelay - 0.1);
  expect(1 - arrived / total).toBeLessThan(lossOfRelay + 0.1);
});

test('nothing gets past a black hole; the same two connect as soon as it opens', async () => {
  const relay = await relayOf({ impair: { loss: 1 }, seed: 1 });
  const { a, b } = await pairThrough(relay);
  // Both sides have tried: with a way around the relay, one of the first checks would have found it.
  await whenRelay(relay, ({ aToB, bToA }) => Math.min(aToB.received, bToA.received) >= 15);
  expect([a.pc.iceConnectionState, b.pc.iceConnectionState]).toEqual(['checking', 'checking']);
  const { aToB, bToA } = relay.stats();
  for (const counters of [aToB, bToA]) {
    expect(counters).toEqual({ ...counters, dropped: counters.received, forwarded: 0, unaddressed: 0, inFlight: 0, failed: 0, bytes: 0 });
  }
  relay.setImpairment({});
  await Promise.all([a.opened, b.opened]);
});

test('an outage stops everything, and its end lets play go on', async () => {
  const relay = await relayOf({ impair: { delayMs: 2 }, seed: 1 });
  const { a, b } = await pairThrough(relay);
  await Promise.all([a.opened, b.opened]);
  let arrived = 0;
  b.fast.onmessage = () => arrived++;
  const ticking = setInterval(() => a.fast.send('tick'), 10);
  closing.push(() => clearInterval(ticking));
  await vi.waitFor(() => expect(arrived).toBeGreaterThan(5));
  relay.setImpairment({ loss: 1 });
  await whenRelay(relay, ({ aToB }) => aToB.inFlight === 0);
  // The last packet before the outage is handed over in its own turn of the event loop.
  await new Promise((resolve) => setTimeout(resolve, 20));
  const atOutage = arrived;
  await whenRelay(relay, ({ aToB }) => aToB.dropped >= 5);
  expect(arrived).toBe(atOutage);
  relay.setImpairment({ delayMs: 2 });
  await vi.waitFor(() => expect(arrived).toBeGreaterThan(atOutage + 5), { timeout: 10_000 });
});

test('an ICE restart gets through while the old path is alive', async () => {
  const relay = await relayOf({ impair: { delayMs: 2 }, seed: 1 });
  const { a, b } = await pairThrough(relay);
  await Promise.all([a.opened, b.opened]);
  const { forwarded } = relay.stats().aToB;
  await a.offer(true);
  await whenRelay(relay, ({ aToB, bToA }) => aToB.moves === 1 && bToA.moves === 1 && aToB.forwarded > forwarded + 10);
  expect(await oneWayDelay(a, b)).toBeLessThan(20);
  expect(['connected', 'completed']).toContain(a.pc.iceConnectionState);
});

test('a fresh pair of peer connections takes the place of the first at once', async () => {
  const relay = await relayOf({ impair: { delayMs: 2 }, seed: 1 });
  const first = await pairThrough(relay);
  await Promise.all([first.a.opened, first.b.opened]);
  first.a.close();
  first.b.close();
  const started = performance.now();
  const second = await pairThrough(relay, 'second');
  await Promise.all([second.a.opened, second.b.opened]);
  // Without knowing the new agents by their ICE usernames it would take the 5 s for which the old address is held.
  expect(performance.now() - started).toBeLessThan(3000);
});
