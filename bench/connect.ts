// How long connecting takes: a PeerLink pair against a raw RTCPeerConnection pair with the same channels, in one process, in turns, with
// a second raw pair each time to show how much of a difference is noise.
import { median } from './measure.js';
import { PeerLink } from '../src/link/peer-link.js';
import type { RtcDataChannel, RtcIceCandidate, RtcPeerConnection } from '../src/link/rtc.js';
import { systemClock } from '../src/match/system.js';
import { RTCPeerConnection } from '../src/node/wrtc.js';

export interface ConnectReport {
  readonly pairs: number;
  readonly rawMs: number;
  readonly rawAgainMs: number;
  readonly linkMs: number;
  readonly linkToRaw: number;
  readonly rawToRaw: number;
}

/** Medians over interleaved pairs. */
export async function benchConnect(pairs: number): Promise<ConnectReport> {
  const raw: number[] = [];
  const rawAgain: number[] = [];
  const link: number[] = [];
  // Held open for the whole run: the first connection of a process starts the library's threads.
  const idle = new RTCPeerConnection();
  await connectRaw();
  await connectLinks();
  const contenders = [
    { connect: connectRaw, times: raw },
    { connect: connectLinks, times: link },
    { connect: connectRaw, times: rawAgain },
  ];
  for (let i = 0; i < pairs; i++) {
    // Each goes first, second and third equally often, and starts when what came before it has been cleared away.
    for (let k = 0; k < contenders.length; k++) {
      const { connect, times } = contenders[(i + k) % contenders.length]!;
      times.push(await connect());
      await pause();
    }
  }
  idle.close();
  const rawMs = median(raw);
  const rawAgainMs = median(rawAgain);
  const linkMs = median(link);
  return { pairs, rawMs, rawAgainMs, linkMs, linkToRaw: linkMs / rawMs, rawToRaw: rawAgainMs / rawMs };
}

async function connectRaw(): Promise<number> {
  const start = performance.now();
  const a = new RTCPeerConnection();
  const b = new RTCPeerConnection();
  const opened = Promise.all([...rawChannels(a), ...rawChannels(b)].map(opens));
  // Candidates wait for the remote description, as they must.
  const early: [RtcPeerConnection, RtcIceCandidate][] = [];
  let described = false;
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.onicecandidate = ({ candidate }) => {
      if (candidate === null) return;
      if (described) addCandidate(to, candidate);
      else early.push([to, candidate]);
    };
  }
  const offer = { type: 'offer' as const, sdp: (await a.createOffer()).sdp ?? '' };
  await a.setLocalDescription(offer);
  await b.setRemoteDescription(offer);
  const answer = { type: 'answer' as const, sdp: (await b.createAnswer()).sdp ?? '' };
  await b.setLocalDescription(answer);
  await a.setRemoteDescription(answer);
  described = true;
  for (const [to, candidate] of early) addCandidate(to, candidate);
  await opened;
  const ms = performance.now() - start;
  a.close();
  b.close();
  return ms;
}

/** Closing goes on in the library's threads for some ms. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 25);
  });
}

/** One that comes after the pair was closed is refused, and that is all right. */
function addCandidate(to: RtcPeerConnection, candidate: RtcIceCandidate): void {
  to.addIceCandidate(candidate).catch(() => {});
}

/** The same channels as a link's. */
function rawChannels(connection: RtcPeerConnection): RtcDataChannel[] {
  return [
    connection.createDataChannel('control', { negotiated: true, id: 0, ordered: true }),
    connection.createDataChannel('input-R', { negotiated: true, id: 1, ordered: false, maxRetransmits: 4 }),
    connection.createDataChannel('input-Z', { negotiated: true, id: 2, ordered: false, maxRetransmits: 0 }),
  ];
}

function opens(channel: RtcDataChannel): Promise<void> {
  return new Promise((resolve) => {
    channel.onopen = () => resolve();
  });
}

function connectLinks(): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let open = 0;
    const make = (self: string, remote: string, other: () => PeerLink): PeerLink =>
      new PeerLink({
        self,
        remote,
        rtc: RTCPeerConnection,
        clock: systemClock,
        attempt: `bench-${self}`,
        limitMs: 20_000,
        on: {
          signal: (signal) => other().signal(signal),
          progress: () => {},
          open: () => {
            if (++open < 2) return;
            const ms = performance.now() - start;
            a.close();
            b.close();
            resolve(ms);
          },
          message: () => {},
          closed: reject,
        },
      });
    const a: PeerLink = make('a', 'b', () => b);
    const b: PeerLink = make('b', 'a', () => a);
    b.start();
    a.start();
  });
}
