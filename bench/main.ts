// `npm run bench [-- netcode | rollback | latency | connect | soak | prediction [FOLDER]]`: prints the tables, and fails if a figure is beyond
// what is promised.
import { benchConnect, type ConnectReport } from './connect.js';
import { benchLatency, type LatencyReport } from './latency.js';
import { netcodeReports, type NetcodeReport } from './netcode.js';
import { AHEAD, benchPrediction, type PredictionBench } from './prediction.js';
import { benchRollback, type RollbackReport } from './rollback.js';
import { benchSoak, type SoakReport } from './soak.js';

interface Promised {
  readonly what: string;
  readonly seen: number;
  /** The most that it may be; or, with `least`, the least. */
  readonly limit: number;
  readonly least?: boolean;
}

const part = process.argv[2];
const promises: Promised[] = [];
if (part === undefined || part === 'netcode') promises.push(...netcode(netcodeReports()));
if (part === undefined || part === 'rollback') promises.push(...rollback(benchRollback()));
if (part === undefined || part === 'latency') promises.push(...latency(await benchLatency(3_000)));
if (part === undefined || part === 'connect') promises.push(...connect(await benchConnect(60)));
if (part === undefined || part === 'soak') promises.push(...soak(await benchSoak()));
if (part === undefined || part === 'prediction') promises.push(...prediction(benchPrediction(process.argv[3])));
// A collection in the middle of a turn makes the heap shrink: that is no figure, and not a number is no promise kept.
const isKept = ({ seen, limit, least = false }: Promised): boolean => (least ? seen >= limit : seen >= 0 && seen <= limit);
const broken = promises.filter((promised) => !isKept(promised));
for (const promised of promises) {
  const { what, seen, limit, least = false } = promised;
  console.log(`${isKept(promised) ? 'kept  ' : 'BROKEN'} ${what}: ${seen.toFixed(2)}, at ${least ? 'least' : 'most'} ${limit}`);
}
if (promises.length === 0) {
  console.error(`bench: there is no part "${part}"; choose netcode, rollback, latency, connect, soak or prediction`);
  process.exitCode = 2;
} else if (broken.length > 0) {
  process.exitCode = 1;
}

function soak(report: SoakReport): Promised[] {
  console.log('\nThe simulator with its oracle: 2 peers and a trivial game, peer-frames a second of one core');
  print(
    ['matches', 'peer-frames/s'],
    [
      ['ordinary: 50 ± 10 ms, 5 % loss', report.ordinary.toFixed(0)],
      ['hostile: from seeds', report.hostile.toFixed(0)],
    ],
  );
  return [{ what: 'simulated peer-frames a second and core, ordinary matches', seen: report.ordinary, limit: 200_000, least: true }];
}

function netcode(reports: readonly NetcodeReport[]): Promised[] {
  console.log(
    '\nNetcode, per frame and peer: 2 peers, 16-bit inputs, 50 ± 10 ms, 5 % loss, input delay 0, window 8, msgpack at both ends.',
  );
  console.log('Every input wrong: each frame another input, 100 ms, no loss, so that each frame simulates the 6 before it again.');
  print(
    [
      'inputs',
      'µs',
      'floor µs',
      'ratio',
      'alloc B',
      'no codec',
      'floor',
      'packet B',
      'packets/tick',
      'other/s',
      'rollbacks/100',
      'resim/frame',
    ],
    reports.map((r) => [
      r.workload,
      r.us.toFixed(2),
      r.floorUs.toFixed(2),
      r.ratio.toFixed(1),
      r.allocBytes.toFixed(0),
      r.allocWithoutCodec.toFixed(0),
      r.floorAllocBytes.toFixed(0),
      r.meanBytes.toFixed(1),
      r.inputPerTick.toFixed(3),
      r.otherPerSecond.toFixed(2),
      r.rollbacksPer100.toFixed(1),
      r.resimulatedPerFrame.toFixed(2),
    ]),
  );
  return reports.flatMap((r) => {
    const wrong = r.kind === 'wrong';
    const of = (what: string): string => `${what}, ${r.workload}`;
    return [
      { what: of('µs a frame and peer'), seen: r.us, limit: wrong ? 5 : 3 },
      ...(wrong ? [{ what: of('frames simulated again a frame'), seen: r.resimulatedPerFrame, limit: 5.99, least: true }] : []),
      ...(wrong ? [] : [{ what: of('bytes allocated a frame and peer'), seen: r.allocBytes, limit: 400 }]),
      { what: of('bytes allocated without the codec'), seen: r.allocWithoutCodec, limit: 100 },
      ...(r.kind === 'human' ? [{ what: of('mean bytes of an input packet'), seen: r.meanBytes, limit: 16 }] : []),
      { what: of('input packets a tick'), seen: r.inputPerTick, limit: 1 },
      { what: of('other packets a second'), seen: r.otherPerSecond, limit: 2 },
      { what: of('packets refused'), seen: r.badPackets, limit: 0 },
    ];
  });
}

function rollback(report: RollbackReport): Promised[] {
  const { us, ownUs, ownAgainUs, calls, made, allocBytes } = report;
  console.log('\nA tick with an 8-frame rollback of a 300 KB state: medians, in turns with the same calls on a game without rollwire');
  print(
    ['', 'µs', 'more than own'],
    [
      [`the game's own calls (${calls})`, ownUs.toFixed(1), '0.0'],
      ['own, again', ownAgainUs.toFixed(1), (ownAgainUs - ownUs).toFixed(1)],
      ['rollwire', us.toFixed(1), (us - ownUs).toFixed(1)],
    ],
  );
  console.log(`  ${made} states made in all; ${allocBytes.toFixed(0)} bytes allocated a tick and two peers`);
  return [
    // Less than nothing is noise.
    { what: 'µs beyond the own calls of the game, 8-frame rollback', seen: Math.max(0, us - ownUs), limit: 20 },
    { what: 'rollbacks of 8 frames a tick', seen: report.deepPerTick, limit: 1, least: true },
    { what: 'states that the game had not made, or of another frame', seen: report.foreign, limit: 0 },
    { what: 'bytes allocated a rollback of 300 000 bytes', seen: allocBytes, limit: 2_000 },
  ];
}

function latency(report: LatencyReport): Promised[] {
  const { fps, samples, sentShare, p50Ms, p99Ms, worstMs } = report;
  console.log(
    `\nFrom sample to send: ${samples} samples at ${fps} Hz over DataChannels in one process, ${(100 * sentShare).toFixed(2)} % sent at once`,
  );
  print(['p50 ms', 'p99 ms', 'worst ms'], [[p50Ms.toFixed(3), p99Ms.toFixed(3), worstMs.toFixed(3)]]);
  return [
    { what: 'ms from sample to send, p99', seen: p99Ms, limit: 0.2 },
    { what: 'share of samples sent in their tick', seen: sentShare, limit: 0.99, least: true },
  ];
}

function connect(report: ConnectReport): Promised[] {
  console.log(`\nConnecting in one process: medians of ${report.pairs} interleaved pairs with the same channels`);
  print(
    ['', 'ms', 'ratio to raw'],
    [
      ['raw RTCPeerConnection', report.rawMs.toFixed(1), '1.00'],
      ['raw, again', report.rawAgainMs.toFixed(1), report.rawToRaw.toFixed(2)],
      ['PeerLink', report.linkMs.toFixed(1), report.linkToRaw.toFixed(2)],
    ],
  );
  return [{ what: 'connecting, ratio to raw', seen: report.linkToRaw, limit: 1.3 }];
}

function prediction({ reports, us }: PredictionBench): Promised[] {
  const who = (r: PredictionBench['reports'][number]): string[] => [`${r.file}, player ${r.player}`, r.predictor];
  const percent = (share: number): string => (100 * share).toFixed(2);
  console.log('\nGuesses on recorded play: % right so many frames ahead, and % right in all frames up to there');
  print(
    ['recording', 'predictor', ...AHEAD.map((a) => `right ${a}`), ...AHEAD.map((a) => `all ${a}`)],
    reports.map((r) => [...who(r), ...r.right.map(percent), ...r.allRight.map(percent)]),
  );
  console.log('What wrong guesses cost: rollbacks / resimulated frames, a packet each frame');
  print(
    ['recording', 'predictor', ...reports[0]!.costs.map((c) => `delay ${c.delay}, loss ${100 * c.loss} %`)],
    reports.map((r) => [...who(r), ...r.costs.map((c) => `${c.rollbacks} / ${c.resimulated}`)]),
  );
  console.log('The sync layer with what it resimulates, at delay 4 and 5 % loss');
  print(
    ['predictor', 'µs a frame', 'ratio'],
    us.map((of) => [of.predictor, of.us.toFixed(3), (of.us / us[0]!.us).toFixed(2)]),
  );
  // Why repeat-last is the default.
  const repeat = reports.filter((r) => r.predictor === 'repeat-last');
  return repeat.map((r) => {
    const neutral = reports.find((o) => o.predictor === 'neutral' && o.file === r.file && o.player === r.player)!;
    const ratios = r.costs.map((cost, i) => cost.resimulated / neutral.costs[i]!.resimulated);
    return { what: `resimulated frames, repeat-last to neutral, ${who(r)[0]!}`, seen: Math.max(...ratios), limit: 1 };
  });
}

function print(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => cells[column]!.length)));
  for (const cells of lines)
    console.log(`  ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}`);
  console.log();
}
