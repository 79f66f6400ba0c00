import { describe, expect, test } from 'vitest';
import { MAX_WAITING_CANDIDATES, MAX_WAITING_SIGNALS, Negotiation } from '../../src/negotiation/negotiation.js';
import { parseSignal } from '../../src/negotiation/signal.js';
import { HOST, RELAY, answered, answerer, answering, candidate, commands, description, kinds, offered, offerer } from './one-machine.js';

describe('who offers', () => {
  test.each([
    ['a', 'b', true],
    ['b', 'a', false],
    ['10', '9', true],
    ['B', 'a', true],
    // By UTF-16 code units an emoji (a surrogate pair, from D83D) is below U+FF5E, by code points above.
    ['\u{1F600}', '\uFF5E', true],
  ])('%s with %s: %s', (self, remote, offers) => {
    expect(new Negotiation({ self, remote, attempt: 'x' }).offers).toBe(offers);
    expect(new Negotiation({ self: remote, remote: self, attempt: 'x' }).offers).toBe(!offers);
  });
});

describe('the offering side', () => {
  test('creates, sets and sends an offer under its own attempt, the text untouched', () => {
    const machine = offerer();
    machine.start(0);
    expect(commands(machine)).toEqual([{ kind: 'createOffer' }]);
    machine.succeeded(0, 'v=0 any text');
    expect(commands(machine)).toEqual([{ kind: 'setLocalDescription', type: 'offer', sdp: 'v=0 any text' }]);
    machine.succeeded(0);
    expect(commands(machine)).toEqual([
      { kind: 'send', signal: { attempt: 'try-1', kind: 'description', type: 'offer', sdp: 'v=0 any text' } },
    ]);
  });

  test('numbers its signals if it is not the first connection', () => {
    const machine = new Negotiation({ self: 'a', remote: 'b', attempt: 'x', connection: 1 });
    machine.start(0);
    commands(machine);
    machine.succeeded(0, 'sdp');
    commands(machine);
    machine.succeeded(0);
    expect(commands(machine)).toEqual([
      { kind: 'send', signal: { attempt: 'x', connection: 1, kind: 'description', type: 'offer', sdp: 'sdp' } },
    ]);
  });

  test('own candidates wait for the offer to be sent, then follow in order, with their end', () => {
    const machine = offerer();
    machine.start(0);
    commands(machine);
    machine.succeeded(0, 'sdp');
    commands(machine);
    machine.localCandidate(0, { candidate: HOST, sdpMid: '0' });
    expect(commands(machine)).toEqual([]);
    machine.succeeded(0);
    machine.localCandidate(0, { candidate: RELAY, sdpMid: '0' });
    machine.localCandidate(0, { candidate: '' });
    const sent = commands(machine).map((command) => (command.kind === 'send' ? command.signal : null));
    expect(sent).toEqual([description('offer', 'try-1', 'sdp'), candidate(HOST), candidate(RELAY), candidate(null)]);
  });

  test('candidates that come before the answer wait for it and are then added in order, one at a time', () => {
    const machine = offered();
    machine.signal(candidate(HOST));
    machine.signal(candidate(RELAY));
    machine.signal(description('answer'));
    machine.signal(candidate(`${HOST} late`));
    expect(commands(machine)).toEqual([{ kind: 'setRemoteDescription', type: 'answer', sdp: 'their answer' }]);
    for (const line of [HOST, RELAY, `${HOST} late`]) {
      machine.succeeded(0);
      expect(commands(machine)).toEqual([{ kind: 'addIceCandidate', candidate: { candidate: line, sdpMid: '0' } }]);
    }
    machine.succeeded(0);
    expect(commands(machine)).toEqual([]);
  });

  test('a second answer is counted and ignored', () => {
    const machine = answered();
    machine.signal(description('answer'));
    expect(kinds(machine)).toEqual([]);
    expect(machine.counts.duplicate).toBe(1);
  });

  test.each([
    ['an answer of another attempt', description('answer', 'old'), 'stale'],
    ['a candidate of another attempt', candidate(HOST, 'old'), 'stale'],
    ['a goodbye of another attempt', { attempt: 'old', kind: 'bye', reason: '' }, 'stale'],
    ['an offer', description('offer'), 'unexpected'],
    ['an offer of another attempt', description('offer', 'theirs'), 'unexpected'],
  ] as const)('%s is counted and ignored', (_name, signal, counter) => {
    const machine = offered();
    machine.signal(signal);
    expect(kinds(machine)).toEqual([]);
    expect(machine.counts[counter]).toBe(1);
    machine.signal(description('answer'));
    expect(kinds(machine)).toEqual(['setRemoteDescription']);
  });

  test('signals that come while the offer is made wait for their turn', () => {
    const machine = offerer();
    machine.start(0);
    machine.signal(description('answer', 'old'));
    machine.signal(description('answer'));
    expect(kinds(machine)).toEqual(['createOffer']);
    machine.succeeded(0, 'sdp');
    expect(kinds(machine)).toEqual(['setLocalDescription']);
    expect(machine.counts.stale).toBe(0);
    machine.succeeded(0);
    expect(kinds(machine)).toEqual(['send', 'setRemoteDescription']);
    expect(machine.counts.stale).toBe(1);
  });
});

describe('the answering side', () => {
  test('does nothing before the offer, then takes it, answers, and only then adds candidates', () => {
    const machine = answerer();
    machine.start(0);
    expect(commands(machine)).toEqual([]);
    machine.signal(description('offer'));
    machine.signal(candidate(HOST));
    expect(commands(machine)).toEqual([{ kind: 'setRemoteDescription', type: 'offer', sdp: 'their offer' }]);
    machine.succeeded(0);
    expect(commands(machine)).toEqual([{ kind: 'createAnswer' }]);
    machine.succeeded(0, 'our answer');
    expect(commands(machine)).toEqual([{ kind: 'setLocalDescription', type: 'answer', sdp: 'our answer' }]);
    machine.succeeded(0);
    expect(commands(machine)).toEqual([
      { kind: 'send', signal: description('answer', 'try-1', 'our answer') },
      { kind: 'addIceCandidate', candidate: { candidate: HOST, sdpMid: '0' } },
    ]);
  });

  test('signals that came before start have waited', () => {
    const machine = answerer();
    machine.signal(description('offer'));
    expect(commands(machine)).toEqual([]);
    machine.start(0);
    expect(kinds(machine)).toEqual(['setRemoteDescription']);
  });

  test('candidates before the offer wait for it; those of another attempt are counted when it is known', () => {
    const machine = answerer();
    machine.start(0);
    machine.signal(candidate(HOST, 'old'));
    machine.signal(candidate(RELAY, 'try-1'));
    expect(commands(machine)).toEqual([]);
    machine.signal(description('offer', 'try-1'));
    for (const kind of ['setRemoteDescription', 'createAnswer', 'setLocalDescription']) {
      expect(kinds(machine)).toEqual([kind]);
      machine.succeeded(0, 'sdp');
    }
    expect(commands(machine).at(-1)).toEqual({ kind: 'addIceCandidate', candidate: { candidate: RELAY, sdpMid: '0' } });
    expect(machine.counts.stale).toBe(1);
  });

  test(`at most ${MAX_WAITING_CANDIDATES} candidates wait; what is more is counted`, () => {
    const machine = answerer();
    machine.start(0);
    for (let i = 0; i < MAX_WAITING_CANDIDATES + 3; i++) {
      machine.signal(candidate(`${HOST} ${i}`));
      expect(commands(machine)).toEqual([]);
    }
    expect(machine.counts.overflow).toBe(3);
  });

  test(`at most ${MAX_WAITING_SIGNALS} signals wait for a command; what is more is counted`, () => {
    const machine = answerer();
    machine.start(0);
    machine.signal(description('offer'));
    expect(kinds(machine)).toEqual(['setRemoteDescription']);
    for (let i = 0; i < MAX_WAITING_SIGNALS + 5; i++) machine.signal(candidate(HOST));
    expect(machine.counts.overflow).toBe(5);
  });

  test('an answer is counted and ignored', () => {
    const machine = answering();
    machine.signal(description('answer'));
    expect(kinds(machine)).toEqual([]);
    expect(machine.counts.unexpected).toBe(1);
  });

  test('the same offer again is counted and ignored', () => {
    const machine = answering();
    machine.signal(description('offer'));
    expect(kinds(machine)).toEqual([]);
    expect(machine.counts.duplicate).toBe(1);
  });

  test('an offer of a new attempt ends this one and says so', () => {
    const machine = answering();
    machine.signal(description('offer', 'try-2'));
    expect(commands(machine)).toEqual([{ kind: 'end', end: { why: 'new-attempt', attempt: 'try-2' } }]);
  });

  test('ICE servers that come with an offer are not used, and counted', () => {
    const machine = answerer();
    machine.start(0);
    machine.signal({ attempt: 'x', kind: 'description', type: 'offer', sdp: 'sdp', iceServers: [{ urls: 'stun:stun.example.org' }] });
    expect(kinds(machine)).toEqual(['setRemoteDescription']);
    expect(machine.counts.ignoredIceServers).toBe(1);
  });

  test('a goodbye before any offer cannot be told from an old one: it is counted', () => {
    const machine = answerer();
    machine.start(0);
    machine.signal({ attempt: 'x', kind: 'bye', reason: '' });
    expect(commands(machine)).toEqual([]);
    expect(machine.counts.stale).toBe(1);
  });
});

describe('candidates', () => {
  test.each([null, ''])('the end of candidates (%o) is no command and no error', (end) => {
    const machine = answered();
    machine.signal({ attempt: 'try-1', kind: 'candidate', candidate: end === null ? null : { candidate: end } });
    expect(commands(machine)).toEqual([]);
    expect(Object.values(machine.counts).every((n) => n === 0)).toBe(true);
  });

  test('one that cannot be added is counted, and the next is added', () => {
    const machine = answered();
    machine.signal(candidate('candidate:1 1 udp 1 8a3c5f0e.local 5000 typ host'));
    machine.signal(candidate(HOST));
    expect(kinds(machine)).toEqual(['addIceCandidate']);
    machine.failed('no such host');
    expect(commands(machine)).toEqual([{ kind: 'addIceCandidate', candidate: { candidate: HOST, sdpMid: '0' } }]);
    expect(machine.counts.refusedCandidates).toBe(1);
  });

  test('candidates inside the descriptions count and reach their stage', () => {
    const machine = answerer();
    machine.start(0);
    machine.signal(description('offer', 'x', `v=0\r\na=${HOST}\r\na=${RELAY}\r\na=end-of-candidates\r\n`));
    commands(machine);
    machine.succeeded(1);
    commands(machine);
    machine.succeeded(2, `v=0\r\na=${HOST}\r\n`);
    commands(machine);
    machine.succeeded(3);
    expect(machine.candidates('remote')).toEqual({ host: 1, srflx: 0, prflx: 0, relay: 1, other: 0 });
    expect(machine.candidates('local')).toEqual({ host: 1, srflx: 0, prflx: 0, relay: 0, other: 0 });
    expect(machine.stage).toBe('candidates');
  });
});

describe('the end', () => {
  test('a goodbye of this attempt ends it with its reason; nothing follows', () => {
    const machine = answered();
    machine.signal({ attempt: 'try-1', kind: 'bye', reason: 'page closed' });
    expect(commands(machine)).toEqual([{ kind: 'end', end: { why: 'bye', reason: 'page closed' } }]);
    machine.signal(candidate(HOST));
    machine.localCandidate(0, { candidate: HOST });
    machine.succeeded(0);
    machine.failed('late');
    expect(commands(machine)).toEqual([]);
    expect(machine.counts.afterEnd).toBe(1);
  });

  test.each(['createOffer', 'setLocalDescription', 'setRemoteDescription'])('a refused %s ends it, and the peer is told', (step) => {
    const machine = offerer();
    machine.start(0);
    for (;;) {
      const [command] = kinds(machine).slice(-1);
      if (command === step) break;
      if (command === 'send') machine.signal(description('answer'));
      else machine.succeeded(0, 'sdp');
    }
    machine.failed('because');
    expect(commands(machine)).toEqual([
      { kind: 'send', signal: { attempt: 'try-1', kind: 'bye', reason: `${step} was refused` } },
      { kind: 'end', end: { why: 'refused', step, cause: 'because' } },
    ]);
  });

  test('a refused offer and a refused answer end the answering side', () => {
    for (const step of ['setRemoteDescription', 'createAnswer', 'setLocalDescription']) {
      const machine = answerer();
      machine.start(0);
      machine.signal(description('offer'));
      while (kinds(machine)[0] !== step) machine.succeeded(0, 'sdp');
      machine.failed('because');
      expect(commands(machine).at(-1)).toEqual({ kind: 'end', end: { why: 'refused', step, cause: 'because' } });
    }
  });

  test('stop gives a goodbye with the attempt, once, and nothing follows', () => {
    const machine = offered();
    machine.localCandidate(0, { candidate: HOST });
    expect(machine.stop('x'.repeat(300))).toEqual({ attempt: 'try-1', kind: 'bye', reason: 'x'.repeat(256) });
    expect(machine.stop('again')).toBeNull();
    expect(commands(machine)).toEqual([]);
  });

  test('the goodbye is a signal that the other side takes', () => {
    expect(parseSignal(offered().stop('x'.repeat(300)))).not.toBeNull();
  });

  test('an answering side that knows no attempt has no goodbye to give', () => {
    const machine = answerer();
    machine.start(0);
    expect(machine.stop('bye')).toBeNull();
  });

  test('start after stop does nothing; start twice does nothing more', () => {
    const stopped = offerer();
    stopped.stop('');
    stopped.start(0);
    expect(commands(stopped)).toEqual([]);
    const machine = offerer();
    machine.start(0);
    machine.start(5);
    expect(kinds(machine)).toEqual(['createOffer']);
    expect(machine.timeline).toHaveLength(1);
  });
});
