// `npm run bench [-- netcode | connect]`: prints the tables, and fails if a figure is beyond what is promised.
import { benchConnect, type ConnectReport } from './connect.js';
import { netcodeReports, type NetcodeReport } from './netcode.js';

interface Promised {
  readonly what: string;
  readonly seen: number;
  readonly limit: number;
}

const part = process.argv[2];
const promises: Promised[] = [];
if (part === undefined || part === 'netcode') promises.push(...netcode(netcodeReports()));
if (part === undefined || part === 'connect') promises.push(...connect(await benchConnect(60)));
// A collection in the middle of a turn makes the heap shrink: that is no figure, and not a number is no promise kept.
const isKept = ({ seen, limit }: Promised): boolean => seen >= 0 && seen <= limit;
const broken = promises.filter((promised) => !isKept(promised));
for (const promised of promises) {
  const { what, seen, limit } = promised;
  console.log(`${isKept(promised) ? 'kept  ' : 'BROKEN'} ${what}: ${seen.toFixed(2)}, at most ${limit}`);
}
if (promises.length === 0) {
  console.error(`bench: there is no part "${part}"; choose netcode or connect`);
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

function print(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => cells[column]!.length)));
  for (const cells of lines)
    console.log(`  ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}`);
  console.log();
}
