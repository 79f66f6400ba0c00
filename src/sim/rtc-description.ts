// The texts of the double: descriptions that look like a browser's as far as anybody reads them, and candidate lines.
import type { RtcAddress } from './rtc-packets.js';

/** What one side of a connection tells in its description. */
export interface RtcIdentity {
  /** The name by which its packets are known; random, so that an older connection's are told apart. */
  readonly user: string;
}

/** What the other side takes from a description. */
export interface ParsedDescription extends RtcIdentity {
  /** Candidates that stand in the text itself. */
  readonly addresses: readonly RtcAddress[];
}

/** What all current browsers take as one message, in bytes; they say so in their descriptions. */
export const MAX_MESSAGE_SIZE = 262_144;
/** The only section's name. */
export const MID = '0';

/** Type preference 126 (host), component 1 (RFC 8445, 5.1.2.1). */
const HOST_PRIORITY = 126 * 2 ** 24 + 65_535 * 2 ** 8 + 255;

export function describe({ user }: RtcIdentity, type: 'offer' | 'answer'): string {
  const lines = [
    'v=0',
    `o=- ${parseInt(user, 36)} 2 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    `a=group:BUNDLE ${MID}`,
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${user}`,
    'a=ice-options:trickle',
    `a=setup:${type === 'offer' ? 'actpass' : 'active'}`,
    `a=mid:${MID}`,
    'a=sctp-port:5000',
    `a=max-message-size:${MAX_MESSAGE_SIZE}`,
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

/** Undefined if it is not a description of a data link. */
export function parseDescription(sdp: string): ParsedDescription | undefined {
  const user = /^a=ice-ufrag:(\S+)\r?$/m.exec(sdp)?.[1];
  if (!sdp.startsWith('v=0') || !/^m=application /m.test(sdp) || user === undefined) return undefined;
  const addresses = [...sdp.matchAll(/^a=(candidate:.*)$/gm)].flatMap(([, line]) => {
    const parsed = parseCandidateLine(line!);
    return parsed === undefined || parsed === 'unusable' ? [] : [parsed];
  });
  return { user, addresses };
}

export function candidateLine({ ip, port }: RtcAddress, user: string): string {
  return `candidate:1 1 udp ${HOST_PRIORITY} ${ip} ${port} typ host generation 0 ufrag ${user}`;
}

/** Undefined if it is no candidate; `unusable` if it is a good one that leads nowhere here: TCP, or a `.local` name. */
export function parseCandidateLine(line: string): RtcAddress | 'unusable' | undefined {
  const found = /^candidate:\S+ \d+ (udp|tcp) \d+ (\S+) (\d+) typ (?:host|srflx|prflx|relay)(?: |\r?$)/i.exec(line);
  if (found === null) return undefined;
  const [, protocol, ip, port] = found;
  return protocol!.toLowerCase() === 'tcp' || ip!.endsWith('.local') ? 'unusable' : { ip: ip!, port: Number(port) };
}
