// A link over fake WebRTC on a virtual clock, with everything that it says written down.
import { NetError } from '../../src/core/errors.js';
import { PeerLink } from '../../src/link/peer-link.js';
import type { PeerLinkOptions } from '../../src/link/link-options.js';
import type { Signal } from '../../src/negotiation/signal.js';
import { FakeClock, fakeRtc, settle } from './fake-rtc.js';
import type { Broken, FakeConnection } from './fake-rtc.js';

export const HOST = 'candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host';
export const ANSWER: Signal = { attempt: 'try', kind: 'description', type: 'answer', sdp: 'their answer' };
export const OFFER: Signal = { attempt: 'try', kind: 'description', type: 'offer', sdp: 'their offer' };
export const CANDIDATE: Signal = { attempt: 'try', kind: 'candidate', candidate: { candidate: HOST, sdpMid: '0' } };

export interface Scene {
  readonly link: PeerLink;
  readonly clock: FakeClock;
  readonly connection: FakeConnection;
  /** What the handlers were called with, in order. */
  readonly log: unknown[];
  readonly signals: Signal[];
  readonly errors: NetError[];
}

/** A started link to 'm' from 'a' (which offers) or from 'z'. */
export function scene(self: 'a' | 'z' = 'a', options: Partial<PeerLinkOptions> = {}, broken: Broken = {}): Scene {
  const clock = new FakeClock();
  const { rtc, made } = fakeRtc(broken);
  const log: unknown[] = [];
  const signals: Signal[] = [];
  const errors: NetError[] = [];
  const link = new PeerLink({
    self,
    remote: 'm',
    rtc,
    clock,
    attempt: 'try',
    limitMs: 20_000,
    on: {
      signal: (signal) => {
        signals.push(signal);
        log.push(['signal', signal.kind]);
      },
      progress: ({ stage }) => log.push(['progress', stage]),
      open: () => log.push(['open']),
      message: (bytes, kind) => log.push([kind, ...bytes]),
      closed: (error) => {
        errors.push(error);
        log.push(['closed', error.code]);
      },
    },
    ...options,
  });
  link.start();
  return { link, clock, connection: made[0] as FakeConnection, log, signals, errors };
}

/** An offering link with both descriptions and an address on each side. */
export async function exchanged(options: Partial<PeerLinkOptions> = {}, broken: Broken = {}): Promise<Scene> {
  const made = scene('a', options, broken);
  await settle();
  made.connection.finds(HOST);
  made.link.signal(ANSWER);
  made.link.signal(CANDIDATE);
  await settle();
  return made;
}

export async function opened(options: Partial<PeerLinkOptions> = {}): Promise<Scene> {
  const made = await exchanged(options);
  made.connection.becomes({ ice: 'connected', connection: 'connected' });
  for (const channel of made.connection.channels) channel.opens();
  made.log.length = 0;
  return made;
}
