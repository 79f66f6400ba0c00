// How a run is divided: targets get their shares, in whole blocks, and workers take turns. The same plan for CI and for a long run.
import { allTargets, attackBlock, type Failure, heapUsed } from './attack.js';
import type { Outcomes } from './target.js';

export interface Plan {
  readonly seed: number;
  /** Items of all targets and workers together, at the least. */
  readonly items: number;
  readonly workers: number;
  /** Only this target; all of them if undefined. */
  readonly target?: string;
}

export interface Report {
  readonly items: number;
  /** Of each target, how often each outcome was seen. */
  readonly outcomes: Readonly<Record<string, Outcomes>>;
  readonly failures: readonly Failure[];
}

/** What may be added to the heap between a target's first blocks and its last: code and caches, but nothing that grows with the items. */
const MAX_GROWTH_BYTES = 16_000_000;
/** Blocks after which caches are warm. */
const WARM_UP = 3;

/** Does one worker's part. @param progress Called after each block with the items that it had. */
export function attackPart(plan: Plan, worker: number, progress: (items: number) => void): Report {
  const outcomes: Record<string, Outcomes> = {};
  const failures: Failure[] = [];
  let items = 0;
  const chosen = allTargets().filter(({ target }) => plan.target === undefined || target.name === plan.target);
  const shares = chosen.reduce((sum, { share }) => sum + share, 0);
  for (const { target, share } of chosen) {
    const blocks = Math.ceil((plan.items * share) / shares / target.block);
    let before = Number.NaN;
    let done = 0;
    for (let block = worker; block < blocks; block += plan.workers) {
      const failure = attackBlock(target, plan.seed, block * target.block);
      items += target.block;
      progress(target.block);
      if (failure !== undefined) {
        failures.push(failure);
        // One is enough of each: what follows is likely the same.
        break;
      }
      if (++done === WARM_UP) before = heapUsed();
    }
    const growth = heapUsed() - before;
    if (growth > MAX_GROWTH_BYTES) {
      failures.push({ target: target.name, seed: plan.seed, index: -1, needed: [], message: `the heap grew by ${growth} bytes` });
    }
    outcomes[target.name] = target.outcomes;
  }
  return { items, outcomes, failures };
}

/** The reports of all workers as one. */
export function joined(reports: readonly Report[]): Report {
  const outcomes: Record<string, Outcomes> = {};
  for (const report of reports) {
    for (const [target, counts] of Object.entries(report.outcomes)) {
      const sum = (outcomes[target] ??= {});
      for (const [name, n] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + n;
    }
  }
  return { items: reports.reduce((sum, { items }) => sum + items, 0), outcomes, failures: reports.flatMap(({ failures }) => failures) };
}
