// What a soak has met, added up over schedules and workers: numbers by name, which say whether the generator reaches what it is for.
import type { Outcome } from '../../src/sim/play-schedule.js';
import type { Schedule } from '../../src/sim/schedule.js';

/** How many; the names group by their first word. */
export type Tally = Record<string, number>;

export function add(to: Tally, name: string, count: number): void {
  if (count > 0) to[name] = (to[name] ?? 0) + count;
}

export function addAll(to: Tally, from: Tally): void {
  for (const [name, count] of Object.entries(from)) add(to, name, count);
}

export function tally(to: Tally, schedule: Schedule, outcome: Outcome): void {
  add(to, 'schedules', 1);
  add(to, 'peer-frames', outcome.peerFrames);
  add(to, 'failures', outcome.failure === undefined ? 0 : 1);
  add(to, 'packets sent', outcome.sent);
  add(to, 'packets lost', outcome.lost);
  for (const stats of outcome.stats) {
    stats.depths.forEach((count, depth) => add(to, `rollbacks of depth ${String(depth).padStart(2)}`, count));
    add(to, 'frames resimulated', stats.resimulated);
    add(to, 'frames predicted', stats.predicted);
    add(to, 'ticks stalled', stats.stalled);
    add(to, 'checks passed', stats.checksPassed);
  }
  for (const [event, count] of Object.entries(outcome.events)) add(to, `events: ${event}`, count);
  for (const feature of features(schedule)) add(to, `schedules with ${feature}`, 1);
}

/** What is in a schedule, by name. */
export function features(schedule: Schedule): Set<string> {
  const found = new Set<string>();
  const note = (name: string, is: boolean): void => {
    if (is) found.add(name);
  };
  note('lockstep', schedule.window === 0);
  note('a window of 1', schedule.window === 1);
  note('a window of 20 or more', schedule.window >= 20);
  note('60 frames a second', schedule.fps === 60);
  note('a check in every frame', schedule.checkInterval === 1);
  note('wide inputs', schedule.words > 1);
  note('promises', schedule.promises === true);
  note('junk', schedule.junkMs !== undefined);
  note('packets of another match', schedule.strayMs !== undefined);
  note(`planted divergence of ${schedule.plant?.kind}`, schedule.plant !== undefined);
  for (const peer of schedule.peers) {
    note('several local slots', peer.locals > 1);
    note('an automatic delay', typeof peer.inputDelay !== 'number');
    note('a delay of 15 or more', typeof peer.inputDelay === 'number' && peer.inputDelay >= 15);
    note('a late start', peer.startMs !== undefined);
    note('a display', peer.displayHz !== undefined);
    note('sparse saving', peer.saveEvery !== undefined);
    note('skipped sends', peer.skips !== undefined);
    note('a slow game', peer.workMs !== undefined);
    note('a clock of its own', peer.clock !== undefined);
    note('changes of the delay', peer.delays !== undefined);
    note('a polite leave', peer.leavesMs !== undefined);
    note('a death', peer.dies !== undefined);
    note('a return', peer.dies?.backMs !== undefined);
    note(`predictor ${peer.predict ?? 'repeat'}`, true);
    note(`bot ${peer.bot.kind}`, true);
    note('hitches', peer.hitches !== undefined);
    note('hitches over a second', peer.hitches?.some(([from, to]) => to - from > 1000) ?? false);
  }
  for (const [, , conditions] of schedule.paths) for (const [key, value] of Object.entries(conditions)) note(`${key}`, value !== 0);
  return found;
}

/** All names with their counts and a bar for each that belongs to a histogram. */
export function render(of: Tally): string {
  const names = Object.keys(of).sort();
  const most = (prefix: string): number => Math.max(...names.filter((name) => name.startsWith(prefix)).map((name) => of[name]!));
  const lines = names.map((name) => {
    const group = ['rollbacks of depth', 'schedules with'].find((prefix) => name.startsWith(prefix));
    const bar = group === undefined ? '' : '█'.repeat(Math.ceil((40 * of[name]!) / most(group)));
    return `${name.padEnd(44)} ${of[name]!.toLocaleString('en').padStart(14)} ${bar}`.trimEnd();
  });
  return lines.join('\n');
}
