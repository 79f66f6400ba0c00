// Takes the ICE candidates out of an SDP, and makes the one that is told instead: this is how a peer comes to know only a relay.
import type { Candidate } from '../negotiation/signal.js';
import type { UdpAddress } from './relay-core.js';

/** RFC 8445, 5.1.2.1: type preference 126 (host), the highest local preference, component 1. */
const HOST_PRIORITY = 126 * 2 ** 24 + 65_535 * 2 ** 8 + (256 - 1);

const CANDIDATE_LINE = /^a=candidate:/i;
const END_LINE = /^a=end-of-candidates/i;

/** The SDP without its `a=candidate` and `a=end-of-candidates` lines, all else as it was; and how many candidates there were. */
export function withoutCandidates(sdp: string): { readonly sdp: string; readonly candidates: number } {
  const lines = sdp.split('\n');
  const rest = lines.filter((line) => !CANDIDATE_LINE.test(line) && !END_LINE.test(line));
  return { sdp: rest.join('\n'), candidates: lines.filter((line) => CANDIDATE_LINE.test(line)).length };
}

/** A host candidate (UDP, component 1) for the first media section. */
export function hostCandidate({ host, port }: UdpAddress): Candidate {
  return { candidate: `candidate:1 1 udp ${HOST_PRIORITY} ${host} ${port} typ host`, sdpMid: '0', sdpMLineIndex: 0 };
}
