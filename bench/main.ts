// `npm run bench [-- netcode | connect | prediction [FOLDER]]`: prints the tables, and fails if a figure is beyond what is promised.
import { benchConnect, type ConnectReport } from './connect.js';
import { netcodeReports, type NetcodeReport } from './netcode.js';
import { AHEAD, benchPrediction, type PredictionBench } from './prediction.js';

interface Promised {
  readonly what: string;
  readonly seen: number;
  readonly limit: number;
}

const part = process.argv[2];
const promises: Promised[] = [];
if (part === undefined || part === 'netcode') promises.push(...netcode(netcodeReports()));
if (part === undefined || part === 'connect') promises.push(...connect(await benchConnect(60)));
if (part === undefined || part === 'prediction') promises.push(...prediction(benchPrediction(process.argv[3])));
// A collection in the middle of a turn makes the heap shrink: that is no figure, and not a number is no promise kept.
const isKept = ({ seen, limit }: Promised): boolean => seen >= 0 && seen <= limit;
const broken = promises.filter((promised) => !isKept(promised));
for (const promised of promises) {
  const { what, seen, limit } = promised;
  console.log(`${isKept(promised) ? 'kept  ' : 'BROKEN'} ${what}: ${seen.toFixed(2)}, at most ${limit}`);
}
if (promises.length === 0) {
  console.error(`bench: there is no part "${part}"; choose netcode, connect or prediction`);
  process.exitCode = 2;
} else if (broken.length > 0) {
  process.exitCode = 1;
}

function netcode(reports: readonly NetcodeReport[]): Promised[] {
  console.log('\nNetcode, per frame and peer: 2 peers, 16-bit inputs, 50 ± 10 ms, 5 % loss, input delay 0, window 8, msgpack at both ends');
  print(
    ['inputs', 'µs', 'floor µs', 'ratio', 'alloc B', 'floor alloc B', 'packet B', 'packets/tick', 'other/s', 'rollbacks/100'],
    reports.map((r) => [
      r.workload,
      r.us.toFixed(2),
      r.floorUs.toFixed(2),
      r.ratio.toFixed(1),
      r.allocBytes.toFixed(0),
      r.floorAllocBytes.toFixed(0),
      r.meanBytes.toFixed(1),
      r.inputPerTick.toFixed(3),
      r.otherPerSecond.toFixed(2),
      r.rollbacksPer100.toFixed(1),
    ]),
  );
  return reports.flatMap((r) => [
    ...(r.human ? [] : [{ what: 'µs a frame and peer', seen: r.us, limit: 5 }]),
    ...(r.human ? [{ what: `mean bytes of an input packet, ${r.workload}`, seen: r.meanBytes, limit: 20 }] : []),
    { what: `bytes allocated a frame and peer, ${r.workload}`, seen: r.allocBytes, limit: 1024 },
    { what: `input packets a tick, ${r.workload}`, seen: r.inputPerTick, limit: 1 },
    { what: `other packets a second, ${r.workload}`, seen: r.otherPerSecond, limit: 2 },
  ]);
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
