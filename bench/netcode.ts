// What the netcode costs a frame and peer: time, allocation, bytes and packets, beside a floor of bare typed arrays on the same workload,
// and what is allocated where packets are handed over without the codec. Each runs in a process of its own: netcode-child.ts.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from './measure.js';
import type { Outcome } from './netcode-child.js';

/** What is promised depends on it: inputs of people, inputs that are all guessed wrong, or neither. */
export type Kind = 'random' | 'human' | 'wrong';

export interface NetcodeReport extends Outcome {
  readonly workload: string;
  readonly kind: Kind;
  /** Of the time to the floor's. */
  readonly ratio: number;
  /** Bytes allocated where packets are handed over as objects. */
  readonly allocWithoutCodec: number;
}

const WORKLOADS: readonly { readonly name: string; readonly kind: Kind; readonly title: string }[] = [
  { name: 'random', kind: 'random', title: 'one bit, p = 0.1' },
  ...['melee-v2_0', 'melee-nintendont', 'melee-ics2'].map((name) => ({ name, kind: 'human' as const, title: name })),
  { name: 'wrong', kind: 'wrong', title: 'every input wrong' },
];

/** What little is left depends on what the compiler happens to inline: the median of these counts. */
const WITHOUT_CODEC_RUNS = 3;

/** Measures all workloads. @throws Error if a child fails */
export function netcodeReports(): NetcodeReport[] {
  return WORKLOADS.map(({ name, kind, title }) => {
    const outcome = run(name, 'msgpack');
    const without = Array.from({ length: WITHOUT_CODEC_RUNS }, () => run(name, 'handover'));
    return {
      ...outcome,
      workload: title,
      kind,
      ratio: outcome.us / outcome.floorUs,
      allocWithoutCodec: median(without.map(({ allocBytes }) => allocBytes)),
      badPackets: without.reduce((sum, { badPackets }) => sum + badPackets, outcome.badPackets),
    };
  });
}

function run(name: string, codec: 'msgpack' | 'handover'): Outcome {
  const child = fileURLToPath(new URL('./netcode-child.js', import.meta.url));
  // With the flags of this process: the collector's belong to the measurement.
  const { status, stdout } = spawnSync(process.execPath, [...process.execArgv, child, name, codec], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`bench: ${name} with ${codec} ended with ${status}`);
  return JSON.parse(stdout) as Outcome;
}
