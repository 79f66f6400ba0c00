// Two negotiation machines over a signaling that misbehaves as told, with peer connections that check every call. All choices
// come from outside, so that fast-check can shrink them.
import { Negotiation } from '../../src/negotiation/negotiation.js';
import type { NegotiationEnd, RtcCommand } from '../../src/negotiation/commands.js';
import type { Signal } from '../../src/negotiation/signal.js';
import { HOST } from './one-machine.js';

export interface Faults {
  /** Of 100 signals so many are lost. */
  readonly drop: number;
  readonly duplicate: number;
  /** Of 100 deliveries so many take not the first signal but any. */
  readonly reorder: number;
  /** Of 100 calls so many fail. */
  readonly refuse: number;
  /** Of 100 deliveries so many are preceded by something that does not belong. */
  readonly noise: number;
}

const NOISE: readonly Signal[] = [
  { attempt: 'stale', kind: 'description', type: 'answer', sdp: 'stale' },
  { attempt: 'stale', kind: 'candidate', candidate: { candidate: HOST, sdpMid: '0' } },
  { attempt: 'stale', kind: 'candidate', candidate: null },
  { attempt: 'stale', kind: 'bye', reason: 'stale' },
];

/** What WebRTC would accept; throws, as a bug of the machine, where WebRTC would refuse. */
class CheckedConnection {
  #made = '';
  #local = '';
  #remote = '';
  added = 0;
  toFind = 0;

  get described(): boolean {
    return this.#local !== '' && this.#remote !== '';
  }

  check(command: RtcCommand, candidates: number): void {
    const fail = (why: string): never => {
      throw new Error(`${command.kind}: ${why}`);
    };
    switch (command.kind) {
      case 'createOffer':
        if (this.#local !== '' || this.#remote !== '') fail('not stable');
        this.#made = 'offer';
        break;
      case 'createAnswer':
        if (this.#remote !== 'offer') fail('no offer');
        this.#made = 'answer';
        break;
      case 'setLocalDescription':
        if (this.#made !== command.type || command.sdp !== `sdp of ${command.type}`) fail('not what was made');
        if (this.#local !== '') fail('twice');
        this.#local = command.type;
        this.toFind = candidates;
        break;
      case 'setRemoteDescription':
        if (this.#remote !== '') fail('twice');
        if (command.sdp !== `sdp of ${command.type}`) fail('text was changed');
        if (command.type === 'answer' && this.#local !== 'offer') fail('no offer');
        this.#remote = command.type;
        break;
      case 'addIceCandidate':
        if (this.#remote === '') fail('no remote description');
        if (command.candidate.candidate === '') fail('empty');
        this.added++;
        break;
    }
  }
}

export class Peer {
  readonly machine: Negotiation;
  readonly connection = new CheckedConnection();
  readonly candidates: number;
  inFlight: RtcCommand | null = null;
  end: NegotiationEnd | null = null;
  /** Signals on their way to this peer. */
  readonly incoming: Signal[] = [];

  constructor(self: string, remote: string, candidates: number) {
    this.machine = new Negotiation({ self, remote, attempt: `attempt of ${self}` });
    this.candidates = candidates;
  }

  get connected(): boolean {
    return this.machine.stage === 'channels';
  }
}

/** Runs until nothing can happen any more. `choose(n)` gives an integer in [0, n). Returns both peers, the one that offers first. */
export function runTwo(choose: (n: number) => number, faults: Faults, candidates: readonly [number, number]): readonly [Peer, Peer] {
  const a = new Peer('a', 'b', candidates[0]);
  const b = new Peer('b', 'a', candidates[1]);
  const other = (peer: Peer): Peer => (peer === a ? b : a);
  const chance = (percent: number): boolean => percent > 0 && choose(100) < percent;
  let now = 0;

  const poll = (peer: Peer): void => {
    for (let command = peer.machine.next(now); command !== undefined; command = peer.machine.next(now)) {
      if (peer.end !== null) throw new Error('a command after the end');
      if (command.kind === 'end') peer.end = command.end;
      else if (command.kind === 'send') {
        if (chance(faults.drop)) continue;
        other(peer).incoming.push(command.signal);
        if (chance(faults.duplicate)) other(peer).incoming.push(command.signal);
      } else {
        if (peer.inFlight !== null) throw new Error('two commands in flight');
        peer.inFlight = command;
      }
    }
    const together = [a, b].every((one) => one.end === null && one.connection.described);
    if (together && a.connection.added + b.connection.added > 0) {
      for (const one of [a, b]) one.machine.reached(now, 'channels', 'up');
    }
  };

  const complete = (peer: Peer): void => {
    const command = peer.inFlight;
    if (command === null) return;
    peer.inFlight = null;
    if (chance(faults.refuse)) {
      peer.machine.failed('refused');
      return;
    }
    peer.connection.check(command, peer.candidates + 1);
    peer.machine.succeeded(
      now,
      command.kind === 'createOffer' ? 'sdp of offer' : command.kind === 'createAnswer' ? 'sdp of answer' : undefined,
    );
  };

  const deliver = (peer: Peer): void => {
    if (chance(faults.noise)) peer.machine.signal(NOISE[choose(NOISE.length)] as Signal);
    const at = chance(faults.reorder) ? choose(peer.incoming.length) : 0;
    for (const signal of peer.incoming.splice(at, 1)) peer.machine.signal(signal);
  };

  const find = (peer: Peer): void => {
    peer.connection.toFind--;
    peer.machine.localCandidate(now, peer.connection.toFind === 0 ? null : { candidate: HOST, sdpMid: '0' });
  };

  const unstarted = [a, b];
  for (;;) {
    now++;
    const possible: [Peer, (peer: Peer) => void][] = unstarted.map((peer) => [peer, start]);
    for (const peer of [a, b]) {
      if (peer.inFlight !== null) possible.push([peer, complete]);
      if (peer.incoming.length > 0) possible.push([peer, deliver]);
      if (peer.connection.toFind > 0) possible.push([peer, find]);
    }
    const picked = possible[choose(possible.length)];
    if (picked === undefined) return [a, b];
    picked[1](picked[0]);
    poll(picked[0]);
  }

  function start(peer: Peer): void {
    unstarted.splice(unstarted.indexOf(peer), 1);
    peer.machine.start(now);
  }
}
