// Acceptance scenario H1 by the million: hostile packets and signals, made by grammar, at everything that takes them; with `npm run
// hostile` the same on all cores for as long as wanted. Here: one million, and the proof that failures are found, replayed and reduced.
import { describe, expect, it } from 'vitest';
import { attackBlock } from '../hostile/attack.js';
import { attackPart } from '../hostile/plan.js';
import type { Target } from '../hostile/target.js';

/** What must have been seen of each target, besides that nothing failed: no path that is attacked may be one that is never taken. */
const SEEN: Readonly<Record<string, readonly string[]>> = {
  'input packets': ['read', 'too long', 'not msgpack integers', 'unknown kind', 'bad field', 'bad runs'],
  'control packets': [
    'hello',
    'start',
    'check',
    'details',
    'leave',
    'too long',
    'not plain msgpack',
    'unknown kind',
    'bad field',
    'bad runs',
  ],
  'running session': ['taken', 'refused', 'in a running session'],
  'starting session': [
    'refused',
    'now running',
    'now ended',
    'taken while starting',
    'taken while running',
    'ended: config-mismatch',
    'ended: version-mismatch',
  ],
  signals: ['description', 'candidate', 'bye', 'no signal', 'a part', 'no part'],
  'room messages': ['to client', 'to server', 'no message'],
  negotiation: ['taken in', 'counted', 'ended: bye', 'ended: refused', 'ended: new-attempt'],
  'signaling client': ['peer', 'gone', 'signal', 'unknown', 'status', 'after the end'],
};

describe('H1 a million hostile packets and signals', () => {
  it('H1 nothing throws, memory stays bounded, each is counted or ends what it attacks by name', { timeout: 120_000 }, () => {
    const { items, failures, outcomes } = attackPart({ seed: 1, items: 1_000_000, workers: 1 }, 0, () => undefined);
    expect(failures).toEqual([]);
    expect(items).toBeGreaterThanOrEqual(1_000_000);
    expect(Object.keys(outcomes).toSorted()).toEqual(Object.keys(SEEN).toSorted());
    for (const [target, names] of Object.entries(SEEN)) {
      expect(Object.keys(outcomes[target]!), target).toEqual(expect.arrayContaining([...names]));
    }
  });

  it('a failure is reduced to the items that it needs, and comes again', () => {
    let sum: number[] = [];
    const target: Target = {
      name: 'fails by 70 after 30',
      block: 100,
      outcomes: {},
      begin: () => {
        sum = [];
      },
      feed: (_seed, index) => {
        sum.push(index);
        if (index === 270 && sum.includes(230)) throw new Error('both');
      },
      end: () => undefined,
    };
    expect(attackBlock(target, 1, 100)).toBeUndefined();
    expect(attackBlock(target, 1, 200)).toMatchObject({ target: target.name, seed: 1, index: 270, needed: [230, 270] });
  });
});
