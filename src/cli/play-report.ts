// The results of `rollwire play`: as JSON for programs, as a table for people.
import type { RelayStats } from '../node/relay-core.js';
import { spread } from './percentile.js';
import type { PlaySettings } from './play-flags.js';
import type { PeerFailure, PeerResult } from './play-messages.js';
import type { Truth, Verdict } from './play-verdict.js';

export interface NamedResult extends PeerResult {
  readonly name: string;
}

/** What `--json` writes. Times in ms, sizes in bytes. */
export interface PlayReport {
  readonly equal: boolean;
  readonly verdict: string;
  readonly frames: number;
  /** Of the state after the last frame, computed without any network. */
  readonly checksum: number | null;
  readonly network: {
    readonly delayMs: number;
    readonly jitterMs: number;
    readonly loss: number;
    readonly burstMs: number;
    readonly seed: number;
  };
  readonly relay: RelayStats;
  /** The slower peer's time from the call of joinMatch to the start of the match. */
  readonly connectMs: number | null;
  readonly peers: readonly ReturnType<typeof peerReport>[];
  readonly failures: readonly (Omit<PeerFailure, 'type'> & { readonly name: string })[];
}

export function playReport(
  settings: PlaySettings,
  relay: RelayStats,
  outcome: {
    readonly verdict: Verdict;
    readonly truth: Truth | undefined;
    readonly results: readonly NamedResult[];
    readonly failures: PlayReport['failures'];
  },
): PlayReport {
  const { verdict, truth, results, failures } = outcome;
  return {
    equal: verdict.equal,
    verdict: verdict.text,
    frames: settings.frames,
    checksum: truth?.hashes.at(-1) ?? null,
    network: {
      delayMs: settings.delay,
      jitterMs: settings.jitter,
      loss: settings.loss / 100,
      burstMs: settings.burst,
      seed: settings.seed,
    },
    relay,
    connectMs: results.length === 0 ? null : Math.round(Math.max(...results.map((result) => result.connectMs))),
    peers: results.map((result) =>
      peerReport(
        result,
        results.find((other) => other !== result),
      ),
    ),
    failures,
  };
}

function peerReport(result: NamedResult, other: NamedResult | undefined) {
  const inputDelays: number[] = [];
  result.heldAt.forEach((heldAt, frame) => {
    const sampledAt = other?.sampledAt[frame];
    if (heldAt !== null && typeof sampledAt === 'number') inputDelays.push(heldAt - sampledAt);
  });
  return {
    name: result.name,
    confirmedFrame: result.confirmedFrame,
    rollbacks: result.rollbacks,
    resimulatedFrames: result.resimulatedFrames,
    maxRollbackDepth: result.maxRollbackDepth,
    stalledFrames: result.stalledFrames,
    inputPacketsSent: result.inputPacketsSent,
    otherPacketsSent: result.otherPacketsSent,
    sendsSkipped: result.sendsSkipped,
    inputBytesMean: Math.round((10 * result.inputBytesSent) / Math.max(1, result.inputPacketsSent)) / 10,
    checksPassed: result.checksPassed,
    rttMs: spread(result.rttMs),
    /** From sampled there to available here. */
    inputDelayMs: spread(inputDelays),
  };
}

export function printReport(report: PlayReport): string {
  const rows: [string, ...string[]][] = [['', ...report.peers.map(({ name }) => name)]];
  const row = (label: string, value: (peer: PlayReport['peers'][number]) => string): number =>
    rows.push([label, ...report.peers.map((peer) => value(peer))]);
  row('confirmed frame', (p) => String(p.confirmedFrame));
  row('rollbacks', (p) => String(p.rollbacks));
  row('frames simulated again', (p) => String(p.resimulatedFrames));
  row('deepest rollback', (p) => `${p.maxRollbackDepth} frames`);
  row('stalled ticks', (p) => String(p.stalledFrames));
  row('input packets', (p) => `${p.inputPacketsSent} of ${p.inputBytesMean} bytes`);
  row('other packets', (p) => String(p.otherPacketsSent));
  row('round trip p50 / p99', (p) => `${p.rttMs.p50 ?? '–'} / ${p.rttMs.p99 ?? '–'} ms`);
  row('input there → here p50 / p99', (p) => `${p.inputDelayMs.p50 ?? '–'} / ${p.inputDelayMs.p99 ?? '–'} ms`);
  row('checks passed', (p) => String(p.checksPassed));
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const table = rows.map(
    (cells) => `  ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('   ')}`,
  );
  const { aToB, bToA } = report.relay;
  const relay = `relay: ${aToB.forwarded} packets forwarded and ${aToB.dropped} dropped one way, ${bToA.forwarded} and ${bToA.dropped} the other`;
  const failures = report.failures.map(({ name, stage, message }) => `${name} got as far as "${stage}": ${message}`);
  const connected = report.connectMs === null ? [] : [`connected and started in ${report.connectMs} ms`];
  return [...(report.peers.length === 0 ? [] : table), ...connected, relay, ...failures, report.verdict].join('\n');
}
