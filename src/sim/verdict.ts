// Judges a schedule that has been played: progress, timing and counters at its quiet end, which no single tick can tell.
import { DEFAULTS } from '../core/defaults.js';
import type { Oracle } from './oracle.js';
import type { Schedule, ScheduledPeer } from './schedule.js';
import type { SimPeer } from './sim-peer.js';
import type { Labelled } from './watched-game.js';

/** How long until all must be well again; and over how long, at the end, progress is judged. A schedule's quiet end is as long as both at the least. */
export const SETTLE_MS = 1_000;
export const JUDGED_MS = 2_000;
/** Frames between two peers that count as together: one of distance, one between two ticks, and one for paths of some ms at high rates. */
const TOGETHER_FRAMES = 3;
/** ms by which a measured round trip may differ: the wait at the other side is told in whole ms, and clocks differ. */
const RTT_MS = 3;
/** The longest that a packet can have waited for a peer that slept. */
const LONGEST_WAIT_MS = 30_000;
/** Seconds in which a check must have been compared, even if its packet had to be repeated, and up to which loss: SCTP's timeouts double each time. */
const CHECKED_S = 5;
const CHECKED_LOSS = 0.05;
/** Share of the frame rate that is progress enough: 5 % belong to the pacing. */
const ENOUGH = 0.93;
/** Frames more or less at the ends of a measurement. */
const EDGE_FRAMES = 3;

/** As what junk may be counted: by its first two bytes it is an input packet or something else, of whomever. */
const JUNK_COUNTS_AS: readonly string[] = ['not plain msgpack', 'not msgpack integers', 'unknown peer'];

type Peers = readonly SimPeer<number, Labelled<number>>[];
type ScheduleOracle = Oracle<number, number>;

/** Where the peers stand at a moment. */
export interface Standing {
  readonly finals: readonly number[];
  /** Frames by which the first two are apart. */
  readonly apart: number;
}

export function standingOf(peers: Peers): Standing {
  return { finals: peers.map(({ final }) => final), apart: framesApart(peers) };
}

/** Judges what became of a schedule from `before`, {@link JUDGED_MS} before its end, to its end. */
export function judge(schedule: Schedule, oracle: ScheduleOracle, peers: Peers, before: Standing): void {
  judgeProgress(schedule, oracle, peers, before.finals);
  judgeTiming(schedule, oracle, peers, before.apart);
  judgeCounters(schedule, oracle, peers);
}

/** With which delay a peer begins: an automatic one with the default, within its bounds. */
export function startDelay(inputDelay: ScheduledPeer['inputDelay']): number {
  if (typeof inputDelay === 'number') return inputDelay;
  const { min, max } = inputDelay === 'auto' ? DEFAULTS.autoDelay : inputDelay;
  return Math.min(max, Math.max(min, DEFAULTS.inputDelay));
}

/** How many frames the first two are apart. */
function framesApart(peers: Peers): number {
  return Math.abs(peers[0]!.session.frame - peers[1]!.session.frame);
}

/** Two peers that play on a quiet, even path come closer to each other, and measure it right. */
function judgeTiming(schedule: Schedule, oracle: ScheduleOracle, peers: Peers, apartBefore: number): void {
  const { calm, fps } = schedule;
  const isOrdinary = schedule.peers.every(
    ({ workMs, skips, displayHz = fps, delays }) => workMs === undefined && skips === undefined && delays === undefined && displayHz >= fps,
  );
  if (
    !isOrdinary ||
    peers.length !== 2 ||
    peers.some(({ session }) => session.state !== 'running') ||
    schedule.peers.some(({ leavesMs, dies }) => (leavesMs ?? dies) !== undefined)
  )
    return;
  const apart = framesApart(peers);
  if (apart > Math.max(apartBefore, TOGETHER_FRAMES))
    oracle.fail('timing', 0, peers[0]!.session.frame, `${apart} frames apart at the end, ${apartBefore} before`);
  // What a packet that waited for seconds left in the smoothed value, which forgets an eighth with each packet.
  const left = LONGEST_WAIT_MS * (7 / 8) ** (((schedule.ms - schedule.calmMs - SETTLE_MS) * fps) / 1000);
  peers.forEach(({ session }, index) => {
    const { rttMs } = session.stats().peers[0]!;
    if (Math.abs(rttMs - 2 * (calm.delayMs ?? 0)) > RTT_MS + left)
      oracle.fail('timing', index, session.frame, `a round trip of ${2 * (calm.delayMs ?? 0)} ms is measured as ${rttMs}`);
  });
}

/** Whether each peer that is still in the match has confirmed enough frames since all has been well. */
function judgeProgress(schedule: Schedule, oracle: ScheduleOracle, peers: Peers, finals: readonly number[]): void {
  const ms = JUDGED_MS;
  const gone = (peer: ScheduledPeer): boolean => peer.leavesMs !== undefined || peer.dies !== undefined;
  // The others wait for one that died or whose match has ended, which is what they must.
  const awaited = peers.some(({ session }, index) => {
    const { leavesMs, dies } = schedule.peers[index]!;
    return dies === undefined ? session.state === 'ended' && leavesMs === undefined : dies.backMs === undefined;
  });
  if (awaited) return;
  const needed = Math.floor(ms * rateOf(schedule)) - EDGE_FRAMES;
  peers.forEach((peer, index) => {
    // One that had not even begun met a bad path while it could.
    if (gone(schedule.peers[index]!) || peer.session.state === 'ended' || finals[index]! < 0) return;
    const made = peer.final - finals[index]!;
    if (made < needed)
      oracle.fail('stuck', index, peer.final, `${made} frames confirmed in the last ${ms} ms, at least ${needed} were due`);
  });
}

/** Frames a ms that must be possible on the quiet network: the full rate, unless the window is too short for it. */
function rateOf(schedule: Schedule): number {
  const period = 1000 / schedule.fps;
  const { peers, window, calm } = schedule;
  const wake = Math.max(...peers.map(({ displayHz }) => (displayHz === undefined ? period : 1000 / displayHz)));
  const work = Math.max(...peers.map(({ workMs = 0 }) => 6 * workMs));
  const delay = Math.min(
    ...peers.map(({ inputDelay, delays = [] }) => Math.min(startDelay(inputDelay), ...delays.map(([, frames]) => frames))),
  );
  const skew = Math.max(...peers.map(({ clock = {} }) => Math.abs(clock.skewPpm ?? 0) + (clock.driftPpm ?? 0))) / 1e6;
  const skips = Math.max(...peers.map(({ skips: share = 0 }) => share));
  const full = ((1 - skew) * ENOUGH) / period;
  // An input is under way for the path's delay, and waits for the other to wake up, to tick and to have worked.
  const bridged = (window + delay) * period;
  const needed = (calm.delayMs ?? 0) + 2 * wake + 2 * period + 2 * work;
  // Where the inputs of a window do not fit into a packet, several round trips are needed for them.
  const wide = schedule.words > 3;
  // While a delay is being lowered, every other tick makes no input, and a lead that it allowed must go.
  const lowered = peers.some(({ delays = [] }) => delays.length > 0) ? 0.45 : 1;
  return bridged >= needed && skips === 0 && !wide
    ? full * lowered
    : Math.min(full, (0.4 * (window + delay)) / needed) * (1 - skips) ** 2 * lowered;
}

/** No valid packet counts as a bad one, and nothing was dropped. */
function judgeCounters(schedule: Schedule, oracle: ScheduleOracle, peers: Peers): void {
  peers.forEach(({ session }, index) => {
    const { badPackets, eventsDropped, checksPassed } = session.stats();
    const bad = Object.keys(badPackets).filter((reason) => !excused(schedule, index, reason));
    const due = Math.floor((Math.min(...peers.map(({ final }) => final)) - CHECKED_S * schedule.fps) / schedule.checkInterval);
    // Where the control channel is slow, checks are given up before they can be compared.
    const slow = schedule.paths.some(
      ([, , { rate, outages, loss = 0 }]) => rate !== undefined || outages !== undefined || loss > CHECKED_LOSS,
    );
    const compared = schedule.plant === undefined && !slow && peers.every((peer) => peer.session.state === 'running');
    if (compared && checksPassed / (peers.length - 1) < due)
      oracle.fail('desync', index, session.frame, `${checksPassed} checks passed, at least ${due} were due`);
    if (bad.length > 0) oracle.fail('refused', index, session.frame, `valid packets were refused: ${JSON.stringify(badPackets)}`);
    // Each check of a planted divergence tells of it again.
    if (eventsDropped > 0 && schedule.plant === undefined)
      oracle.fail('refused', index, session.frame, `${eventsDropped} events were dropped`);
  });
}

function excused(schedule: Schedule, peer: number, reason: string): boolean {
  if (schedule.junkMs !== undefined && JUNK_COUNTS_AS.includes(reason)) return true;
  // One that came back tries to start a match with those who are in one, and is sent what was meant for the one that died.
  const { peers } = schedule;
  if (peers[peer]!.dies !== undefined) return reason === 'unknown peer' || reason === 'out of place';
  if (schedule.strayMs !== undefined && (reason === 'other epoch' || reason === 'unknown peer')) return true;
  if (reason === 'out of place') return peers.some(({ dies }) => dies !== undefined);
  // Packets of a peer that has left come after its goodbye.
  return reason === 'unknown peer' && peers.some(({ leavesMs, dies }) => (leavesMs ?? dies) !== undefined);
}
