// Acceptance scenario H1, peers that lie: everything that a peer can say within the grammar of the packets and that is not so.
// The honest peers never throw and keep their numbers sane; each lie comes to light by name, or hurts nobody but the liar and the pace
// within its bound, or stops the match as silence would: a peer that gives no inputs cannot be told from one that cannot.
import { describe, expect, it } from 'vitest';
import type { BadPacket } from '../../src/wire/head.js';
import { lyingMatch } from './liar.js';
import { LIES } from './lies.js';
import { Scenario, seeds, type Setup } from './scenario.js';

type Lie = keyof typeof LIES;
const MS = 14_000;
/** Frames that the match has at the least when nothing stops it: at 95 % of its pace. */
const PLAYED = 750;
const WINDOW = 8;
/** How long a silent peer is waited for: well within the time that is left. */
const WAIT_MS = 5_000;

interface Case {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly honest: readonly number[];
}

/** What each of the honest peers has counted as bad, and nothing else. */
function expectBad({ scenario, honest }: Case, ...reasons: readonly BadPacket[]): void {
  for (const index of honest) expect(Object.keys(scenario.stats(index).badPackets).toSorted(), scenario.replay).toEqual(reasons.toSorted());
}

/** Honest peers' events but those of the network: started, interrupted and resumed. */
function told({ scenario, honest }: Case): string[] {
  const names = honest.flatMap((index) =>
    scenario.peer(index).events.map((event) => {
      if (event.type === 'ended') return `peer-${index} ended ${event.error?.code}`;
      if (event.type === 'desync') return `peer-${index} desync ${event.cause} ${event.peer}`;
      if (event.type === 'dropped') return `peer-${index} dropped ${event.peer} ${event.why}`;
      return '';
    }),
  );
  return [...new Set(names)].filter((name) => name !== '').toSorted();
}

const playsOn = (at: Case): void => {
  expect(told(at), at.scenario.replay).toEqual([]);
  expect(at.scenario.simulation.difference(), at.scenario.replay).toBeUndefined();
  expect(at.scenario.simulation.confirmedByAll, at.scenario.replay).toBeGreaterThan(PLAYED);
};

const standsStill = (at: Case): void => {
  expect(told(at), at.scenario.replay).toEqual([]);
  expect(at.scenario.simulation.difference(), at.scenario.replay).toBeUndefined();
  for (const index of at.honest) {
    const { session } = at.scenario.peer(index);
    expect(session.frame - session.confirmedFrame, at.scenario.replay).toBe(WINDOW + 1);
    expect(session.frame, at.scenario.replay).toBeLessThan(PLAYED / 2);
    expect(at.scenario.stats(index).stalled, at.scenario.replay).toBeGreaterThan(400);
  }
};

const endsAsLost = (at: Case): void => {
  expect(told(at), at.scenario.replay).toEqual(['peer-0 ended peer-lost']);
  expect(at.scenario.peer(0).session.state, at.scenario.replay).toBe('ended');
};

/** A desync is told once for each check frame at the most. */
const tellsDesync =
  (...expected: readonly string[]) =>
  (at: Case): void => {
    expect(told(at), at.scenario.replay).toEqual(expected);
    for (const index of at.honest) {
      const desyncs = at.scenario.peer(index).events.filter(({ type }) => type === 'desync');
      expect(desyncs.length, at.scenario.replay).toBeGreaterThan(1);
      expect(desyncs.length, at.scenario.replay).toBeLessThanOrEqual((PLAYED / 50) * (at.honest.length + 1));
      expect(at.scenario.peer(index).session.confirmedFrame, at.scenario.replay).toBeGreaterThan(PLAYED);
    }
  };

const playsOnAlone =
  (why = 'bored') =>
  (at: Case): void => {
    expect(told(at), at.scenario.replay).toEqual([`peer-0 dropped peer-1 ${why}`]);
    expect(at.scenario.peer(0).session.confirmedFrame, at.scenario.replay).toBeGreaterThan(PLAYED);
    // Nobody hears the liar any more, and it hears nobody.
    expect(at.scenario.peer(1).session.state, at.scenario.replay).toBe('ended');
  };

type Verdict = (at: Case) => void;
const lossy: Setup['network'] = { delayMs: 40, jitterMs: 10, loss: 0.03 };

/** Each lie with what the honest peers count, and what must come of it. */
const VERDICTS: Readonly<Record<Lie, readonly [bad: readonly BadPacket[], verdict: Verdict, setup?: Partial<Setup>]>> = {
  // The liar lacks what it claims to have, for good.
  'it acknowledges all that was ever sent, whether it came or not': [[], standsStill, { network: { delayMs: 40, loss: 0.3 } }],
  'it acknowledges inputs that do not exist yet': [['out of place'], endsAsLost],
  'it never acknowledges anything again': [[], standsStill],
  'it claims to be at a frame far ahead': [['frame too far'], endsAsLost],
  'it claims to be some frames ahead': [[], playsOn],
  'it claims to be far behind': [[], playsOn],
  'it gives inputs of frames to come, and leaves some out': [['gap'], standsStill],
  'it gives no inputs any more': [[], standsStill],
  // The first word stands. Without loss: otherwise the second one may be the first to arrive, which is the next lie.
  'it says something else about inputs that it has given': [[], playsOn, { network: { delayMs: 40 } }],
  'it gives other inputs than it plays': [[], tellsDesync('peer-0 desync inputs peer-1')],
  // Both honest ones learn that something is wrong between them; who lied cannot be told from hashes.
  'it gives other inputs to each of the others': [
    [],
    tellsDesync('peer-0 desync inputs peer-2', 'peer-2 desync inputs peer-0', 'peer-2 desync inputs peer-1'),
    { play: { players: 3 } },
  ],
  // They are taken for its own of later frames; it stops when it gets receipts for what it never gave.
  'it gives inputs for a slot that is not its own': [[], endsAsLost],
  'it echoes any packet': [[], playsOn],
  'it says any time that it held a packet': [[], playsOn],
  'it numbers its packets at random': [[], playsOn],
  'it floods with checks of frames that were not reached': [[], playsOn],
  'it says that its state is another one': [[], tellsDesync('peer-0 desync state peer-1')],
  'it says that the inputs were other ones': [[], tellsDesync('peer-0 desync inputs peer-1')],
  'it floods with false checks of frames that were reached': [[], tellsDesync('peer-0 desync inputs peer-1')],
  'it floods with hellos, as if nothing had begun': [[], playsOn],
  'it floods with hellos of other games': [['out of place'], playsOn],
  'it says hello as if it had been started anew, and plays on': [['unknown peer'], playsOnAlone('it came back without its game')],
  'it floods with what its states look like, though nobody asked': [['out of place'], playsOn],
  'it floods with proposals of a new start': [['out of place'], playsOn],
  'it goes over to another epoch': [['other epoch'], endsAsLost],
  'it leaves with inputs that it has not given, and plays on': [['unknown peer'], playsOnAlone(), { network: { delayMs: 40 } }],
  'it leaves with inputs far ahead': [['frame too far', 'unknown peer'], playsOnAlone()],
  'it leaves with inputs after a gap': [['gap', 'unknown peer'], playsOnAlone()],
  // Until those who are left compare what they hold of the one who left, this is a desync between them, told by name.
  'it says goodbye to one, with inputs that it does not give the other': [
    ['unknown peer'],
    tellsDesync('peer-0 desync inputs peer-2', 'peer-0 dropped peer-1 bored', 'peer-2 desync inputs peer-0', 'peer-2 dropped peer-1 bored'),
    { play: { players: 3 }, network: { delayMs: 40 } },
  ],
};

describe('H1: a peer that lies', () => {
  it.each(Object.keys(LIES) as Lie[])('H1 %s', (name) => {
    const [bad, verdict, more] = VERDICTS[name];
    for (const seed of seeds(2)) {
      const setup: Setup = { seed, network: lossy, ...more, play: { waitMs: WAIT_MS, ...more?.play } };
      const truth = new Scenario(setup).run(MS);
      const scenario = lyingMatch(setup, LIES[name]).run(MS);
      const honest = scenario.simulation.peers.flatMap((_, index) => (index === 1 ? [] : [index]));
      const at: Case = { seed, scenario, honest };
      expectBad(at, ...bad);
      verdict(at);
      for (const index of honest) expectSane(at, truth, index);
    }
  });
});

/** Whatever was said: nobody else's inputs changed, no final frame was simulated again, and every number is one that can be. */
function expectSane({ scenario }: Case, truth: Scenario, index: number): void {
  const { recorder, session, speeds } = scenario.peer(index);
  const own = (of: Scenario): string[] => of.peer(index).recorder.inputs.map((line) => line.split(' ')[index]!);
  const frames = Math.min(session.confirmedFrame, truth.peer(index).session.confirmedFrame);
  expect(frames, scenario.replay).toBeGreaterThan(100);
  expect(own(scenario).slice(0, frames), scenario.replay).toEqual(own(truth).slice(0, frames));
  expect(recorder.rewritten, scenario.replay).toEqual([]);
  expect(Math.min(...speeds), scenario.replay).toBeGreaterThanOrEqual(0.95);
  expect(Math.max(...speeds), scenario.replay).toBeLessThanOrEqual(1.05);
  const stats = scenario.stats(index);
  expect(stats.eventsDropped, scenario.replay).toBe(0);
  for (const { rttMs, jitterMs, loss, framesAhead } of stats.peers) {
    const sane = rttMs >= 0 && rttMs < 3_000 && jitterMs >= 0 && jitterMs < 3_000 && loss >= 0 && loss <= 1 && Math.abs(framesAhead) < 300;
    expect(sane, `${JSON.stringify(stats)} ${scenario.replay}`).toBe(true);
  }
}
