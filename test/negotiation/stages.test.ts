import { describe, expect, test } from 'vitest';
import { ConnectStages } from '../../src/negotiation/stages.js';
import type { LinkStage } from '../../src/negotiation/stages.js';
import { connectError } from '../../src/negotiation/verdict.js';
import { HOST, RELAY } from './one-machine.js';

const ALL: readonly LinkStage[] = ['peer', 'offer', 'answer', 'candidates', 'pairs', 'dtls', 'channels'];

function begun(): ConnectStages {
  const stages = new ConnectStages();
  stages.begin(1000, 'begun');
  return stages;
}

describe('the timeline', () => {
  test('has each stage with the time since the start', () => {
    const stages = begun();
    stages.reach(1010, 'offer', 'o');
    stages.reach(1025, 'answer', 'a');
    expect(stages.timeline).toEqual([
      { stage: 'peer', atMs: 0, text: 'begun' },
      { stage: 'offer', atMs: 10, text: 'o' },
      { stage: 'answer', atMs: 25, text: 'a' },
    ]);
  });

  test('enters jumped stages in order, and ignores what lies behind', () => {
    const stages = begun();
    stages.reach(1010, 'dtls', 'up');
    stages.reach(1020, 'pairs', 'late');
    stages.reach(1020, 'dtls', 'again');
    expect(stages.timeline.map(({ stage, atMs }) => [stage, atMs])).toEqual([
      ['peer', 0],
      ['offer', 10],
      ['answer', 10],
      ['candidates', 10],
      ['pairs', 10],
      ['dtls', 10],
    ]);
    expect(stages.stage).toBe('dtls');
  });

  test('reaches candidates with one address on each side, but not before the answer', () => {
    const stages = begun();
    stages.candidate(1001, 'local', HOST);
    stages.candidate(1002, 'remote', RELAY);
    expect(stages.stage).toBe('peer');
    stages.reach(1003, 'answer', 'a');
    expect(stages.stage).toBe('candidates');
    expect(stages.timeline.at(-1)?.text).toBe('addresses here: 1 host; there: 1 relay');
  });

  test.each(['local', 'remote'] as const)('addresses of one side (%s) are not enough', (side) => {
    const stages = begun();
    stages.reach(1001, 'answer', 'a');
    stages.candidate(1002, side, HOST);
    expect(stages.stage).toBe('answer');
    stages.candidate(1003, side === 'local' ? 'remote' : 'local', HOST);
    expect(stages.stage).toBe('candidates');
  });

  test('hands out every entry once', () => {
    const stages = begun();
    stages.reach(1001, 'answer', 'a');
    const told: string[] = [];
    for (let entry = stages.progress(); entry !== undefined; entry = stages.progress()) told.push(entry.stage);
    expect(told).toEqual(['peer', 'offer', 'answer']);
    stages.reach(1002, 'channels', 'c');
    expect(stages.progress()?.stage).toBe('candidates');
  });

  test('counts addresses by type', () => {
    const stages = begun();
    const types = ['host', 'srflx', 'prflx', 'relay', 'relay', 'carrier-pigeon'];
    for (const type of types) stages.candidate(1001, 'remote', `candidate:1 1 udp 1 192.0.2.1 5000 typ ${type}`);
    stages.candidate(1001, 'remote', 'not a candidate');
    expect(stages.candidates('remote')).toEqual({ host: 1, srflx: 1, prflx: 1, relay: 2, other: 2 });
    expect(stages.total('remote')).toBe(7);
    expect(stages.total('local')).toBe(0);
  });
});

describe('the verdict', () => {
  const seen = { peer: 'them', offers: true, stage: 'peer', step: null, stepMs: 0, local: 2, remote: 0 } as const;

  test.each([
    ['peer', false, 'no-offer'],
    ['peer', true, 'no-answer'],
    ['offer', true, 'no-answer'],
    ['offer', false, 'no-offer'],
    ['answer', true, 'no-candidates'],
    ['answer', false, 'no-candidates'],
    ['candidates', true, 'no-pair'],
    ['pairs', true, 'no-dtls'],
    ['dtls', true, 'no-channels'],
    ['channels', true, 'no-channels'],
  ] as const)('at stage %s, offering %s: %s', (stage, offers, code) => {
    expect(connectError({ ...seen, stage, offers }, 20_000).code).toBe(code);
  });

  test('every stage has a sentence that names the peer', () => {
    for (const stage of ALL) expect(connectError({ ...seen, stage }, 20_000).message).toContain('them');
  });

  test('carries what was seen', () => {
    expect(connectError({ ...seen, stage: 'answer' }, 500).fields).toEqual({ peer: 'them', limitMs: 500, local: 2, remote: 0 });
  });

  test('a call that does not come back is named; one that had no time to is not', () => {
    const hanging = { ...seen, stage: 'offer', step: 'setRemoteDescription' } as const;
    const error = connectError({ ...hanging, stepMs: 1000 }, 20_000);
    expect(error).toMatchObject({ code: 'rtc-refused', fields: { step: 'setRemoteDescription', cause: 'no result after 1000 ms' } });
    expect(connectError({ ...hanging, stepMs: 999, offers: true }, 20_000).code).toBe('no-answer');
    expect(connectError({ ...hanging, stepMs: 999, offers: false }, 20_000).code).toBe('no-offer');
  });
});
