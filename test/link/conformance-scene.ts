// What the conformance cases stand on: two connections whose every event is noted, carried candidates, waits on any clock, comparisons.
// No test runner and nothing of Node: it runs in a page too.
import type { RtcConstructor, RtcDataChannel, RtcDescription, RtcIceCandidate, RtcPeerConnection } from '../../src/link/rtc.js';

/** Where connections are made. */
export interface ConformanceWorld {
  /** The constructor for each of two sides. */
  readonly rtc: readonly [RtcConstructor, RtcConstructor];
  /** Lets ms pass, real or virtual, in which events come. */
  pass(ms: number): Promise<void>;
}

/** For something that must happen: far more than it takes anywhere. */
const LIMIT_MS = 5000;
/** For something that must not: longer than it takes where it does. */
export const QUIET_MS = 300;

export class Side {
  readonly connection: RtcPeerConnection;
  readonly reliable: RtcDataChannel;
  readonly unordered: RtcDataChannel;
  readonly log: string[] = [];
  readonly found: (RtcIceCandidate | null)[] = [];
  readonly messages: unknown[] = [];
  readonly foreign: RtcDataChannel[] = [];
  onfound: (candidate: RtcIceCandidate) => void = () => {};

  constructor(rtc: RtcConstructor, relayOnly: boolean) {
    this.connection = new rtc({ iceServers: [], iceTransportPolicy: relayOnly ? 'relay' : 'all' });
    const { connection } = this;
    connection.onicecandidate = ({ candidate }) => {
      this.found.push(candidate);
      if (candidate !== null) this.onfound(candidate);
    };
    connection.oniceconnectionstatechange = () => this.log.push(`ice ${connection.iceConnectionState}`);
    connection.onconnectionstatechange = () => this.log.push(`connection ${connection.connectionState}`);
    connection.ondatachannel = ({ channel }) => this.foreign.push(channel);
    this.reliable = this.channel('reliable', { negotiated: true, id: 0, ordered: true });
    this.unordered = this.channel('unordered', { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 });
  }

  channel(label: string, options: Parameters<RtcPeerConnection['createDataChannel']>[1]): RtcDataChannel {
    const channel = this.connection.createDataChannel(label, options);
    channel.binaryType = 'arraybuffer';
    channel.onopen = () => this.log.push(`open ${label} while ${this.connection.connectionState}`);
    channel.onclose = () => this.log.push(`close ${label}`);
    channel.onmessage = ({ data }) => {
      this.messages.push(data);
      this.log.push(`message ${label}`);
    };
    return channel;
  }

  has(event: string): boolean {
    return this.log.some((line) => line.startsWith(event));
  }

  get up(): boolean {
    return this.has('open reliable') && this.has('open unordered');
  }
}

export type Carry = (candidate: RtcIceCandidate) => readonly { candidate: string; sdpMid?: string; sdpMLineIndex?: number }[];

/** As a link takes it apart and puts it together again. */
export const plainly: Carry = ({ candidate, sdpMid, sdpMLineIndex }) => [
  { candidate, ...(sdpMid === null ? {} : { sdpMid }), ...(sdpMLineIndex === null ? {} : { sdpMLineIndex }) },
];
export const nothing: Carry = () => [];

export class Scene {
  readonly a: Side;
  readonly b: Side;
  readonly world: ConformanceWorld;
  /** Candidates that were not taken. */
  readonly refused: unknown[] = [];

  constructor(world: ConformanceWorld, relayOnly = false) {
    this.world = world;
    this.a = new Side(world.rtc[0], relayOnly);
    this.b = new Side(world.rtc[1], relayOnly);
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    for (let passed = 0; !holds(); passed += 5) {
      if (passed > LIMIT_MS) throw new Error(`${what} did not come; a saw ${this.a.log.join(', ')}; b saw ${this.b.log.join(', ')}`);
      await this.world.pass(5);
    }
  }

  /** The result of a call, which may need time to pass. */
  async call<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const watch = async (): Promise<void> => {
      await promise.catch(() => {});
      settled = true;
    };
    void watch();
    await this.until('the end of a call', () => settled);
    return promise;
  }

  async refuses(what: string, call: () => Promise<unknown>): Promise<void> {
    const refused = await this.call(
      call().then(
        () => false,
        () => true,
      ),
    );
    expect(refused, `${what} was accepted`);
  }

  async offer(): Promise<RtcDescription> {
    const { connection } = this.a;
    const { sdp } = await this.call(connection.createOffer());
    return { type: 'offer', sdp: sdp ?? '' };
  }

  /** Exchanges the descriptions; candidates go over when both sides have them. */
  async negotiate(carryFromA: Carry = plainly, carryFromB: Carry = plainly): Promise<void> {
    const { a, b } = this;
    const waiting: (() => void)[] = [];
    let described = false;
    const relay = (to: Side, carry: Carry) => (found: RtcIceCandidate) => {
      for (const candidate of carry(found)) {
        const add = (): void => void to.connection.addIceCandidate(candidate).catch(() => this.refused.push(candidate));
        if (described) add();
        else waiting.push(add);
      }
    };
    a.onfound = relay(b, carryFromA);
    b.onfound = relay(a, carryFromB);
    const offer = await this.offer();
    await this.call(a.connection.setLocalDescription(offer));
    await this.call(b.connection.setRemoteDescription(offer));
    const { sdp } = await this.call(b.connection.createAnswer());
    const answer: RtcDescription = { type: 'answer', sdp: sdp ?? '' };
    await this.call(b.connection.setLocalDescription(answer));
    await this.call(a.connection.setRemoteDescription(answer));
    described = true;
    for (const add of waiting) add();
  }

  async connect(): Promise<void> {
    await this.negotiate();
    await this.until('open channels on both sides', () => this.a.up && this.b.up);
  }

  quiet(): Promise<void> {
    return this.world.pass(QUIET_MS);
  }

  close(): void {
    this.a.connection.close();
    this.b.connection.close();
  }
}

export function expect(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(sentence);
}

export function same(actual: unknown, expected: unknown): void {
  const [seen, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (seen !== wanted) throw new Error(`${seen.slice(0, 300)} instead of ${wanted.slice(0, 300)}`);
}

export function throws(what: string, call: () => unknown): void {
  try {
    call();
  } catch {
    return;
  }
  throw new Error(`${what} did not throw`);
}
