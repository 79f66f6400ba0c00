// A negotiation machine with its commands carried out by hand, for tests that walk through one step by step.
import { expect } from 'vitest';
import type { NegotiationCommand } from '../../src/negotiation/commands.js';
import { Negotiation } from '../../src/negotiation/negotiation.js';
import type { Signal } from '../../src/negotiation/signal.js';

export const HOST = 'candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host';
export const RELAY = 'candidate:2 1 udp 41885439 198.51.100.7 50001 typ relay raddr 0.0.0.0 rport 0';

/** `a` offers to `b`. */
export function offerer(): Negotiation {
  return new Negotiation({ self: 'a', remote: 'b', attempt: 'try-1' });
}

export function answerer(): Negotiation {
  return new Negotiation({ self: 'b', remote: 'a', attempt: 'unused' });
}

/** Everything the machine asks for now, up to and with the next call to WebRTC. */
export function commands(machine: Negotiation): NegotiationCommand[] {
  const all: NegotiationCommand[] = [];
  for (let command = machine.next(0); command !== undefined; command = machine.next(0)) all.push(command);
  return all;
}

export function kinds(machine: Negotiation): string[] {
  return commands(machine).map((command) => command.kind);
}

export function description(type: 'offer' | 'answer', attempt = 'try-1', sdp = `their ${type}`): Signal {
  return { attempt, kind: 'description', type, sdp };
}

export function candidate(line: string | null, attempt = 'try-1'): Signal {
  return { attempt, kind: 'candidate', candidate: line === null ? null : { candidate: line, sdpMid: '0' } };
}

/** An offerer that has sent its offer. */
export function offered(): Negotiation {
  const machine = offerer();
  machine.start(0);
  expect(kinds(machine)).toEqual(['createOffer']);
  machine.succeeded(0, 'our offer');
  expect(kinds(machine)).toEqual(['setLocalDescription']);
  machine.succeeded(0);
  expect(kinds(machine)).toEqual(['send']);
  return machine;
}

/** An offerer that has taken the answer. */
export function answered(): Negotiation {
  const machine = offered();
  machine.signal(description('answer'));
  expect(kinds(machine)).toEqual(['setRemoteDescription']);
  machine.succeeded(0);
  expect(kinds(machine)).toEqual([]);
  return machine;
}

/** An answerer that has sent its answer. */
export function answering(): Negotiation {
  const machine = answerer();
  machine.start(0);
  machine.signal(description('offer'));
  for (const kind of ['setRemoteDescription', 'createAnswer', 'setLocalDescription']) {
    expect(kinds(machine)).toEqual([kind]);
    machine.succeeded(0, 'our answer');
  }
  expect(kinds(machine)).toEqual(['send']);
  return machine;
}
