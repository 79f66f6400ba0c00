// What is learned from the timing of a peer's packets, and from which of them nothing is learned.
import { describe, expect, it } from 'vitest';
import { Endpoint } from '../../src/session/endpoint.js';

const FRAME_MS = 1000 / 60;

function createEndpoint(): Endpoint {
  return new Endpoint({ peer: 'b', slots: [1], columns: 1, others: 1, receiptIndex: 0, waitMs: 5_000, fps: 60, now: 0 });
}

/** We send a packet at frame `sim`; the other, `ahead` frames ahead of us, answers over a path of `oneWayMs` without delay. */
function exchange(
  endpoint: Endpoint,
  now: number,
  sim: number,
  ahead: number,
  oneWayMs: number,
  ours: 'moving' | 'standing' = 'moving',
): number {
  const sent = { number: 0, echo: -1, hold: 0 };
  endpoint.stamp(sent, now);
  endpoint.sentInput(now, sim, 20);
  const answeredAt = now + oneWayMs;
  const { packet } = endpoint;
  packet.number = sent.number;
  packet.echo = sent.number;
  packet.hold = 0;
  packet.sim = Math.round(sim + ahead + oneWayMs / FRAME_MS);
  const arrivedAt = answeredAt + oneWayMs;
  return endpoint.takeTiming(arrivedAt, ours === 'moving' ? sim + (2 * oneWayMs) / FRAME_MS : undefined);
}

describe('timing', () => {
  it('tells the round trip and how far we are ahead, whatever the delay', () => {
    for (const ahead of [-3, 0, 5]) {
      const endpoint = createEndpoint();
      for (let i = 0; i < 20; i++) expect(exchange(endpoint, i * 50, 100 + i * 3, ahead, 2 * FRAME_MS)).toBeCloseTo(4 * FRAME_MS, 6);
      expect(endpoint.timeSync.offset(1_000)).toBeCloseTo(-ahead, 6);
      expect(endpoint.stats(1_000).rttMs).toBeCloseTo(4 * FRAME_MS, 6);
    }
  });

  it('tells nothing of the distance while we stand still', () => {
    const endpoint = createEndpoint();
    exchange(endpoint, 0, 100, 4, FRAME_MS, 'standing');
    expect(endpoint.timeSync.offset(100)).toBe(0);
  });

  it('tells nothing of the distance while the other stands still', () => {
    const endpoint = createEndpoint();
    exchange(endpoint, 0, 100, 4, FRAME_MS);
    expect(endpoint.timeSync.offset(50)).toBeCloseTo(-4, 6);
    // The same frame in the next packets: as time passes it would look as if we ran away from it.
    for (let i = 1; i < 10; i++) exchange(endpoint, i * FRAME_MS, 100 + i, 4 - i, FRAME_MS);
    expect(endpoint.timeSync.offset(200)).toBeCloseTo(-4, 6);
  });

  it('counts a packet as lost that never comes, or comes only after three newer ones', () => {
    const endpoint = createEndpoint();
    const arrive = (number: number): void => {
      endpoint.packet.number = number % 128;
      endpoint.packet.echo = -1;
      endpoint.packet.sim = number;
      endpoint.takeTiming(number * FRAME_MS, undefined);
    };
    for (let number = 0; number < 64; number++) if (number % 8 !== 3) arrive(number);
    expect(endpoint.stats(0).loss).toBeCloseTo(1 / 8, 6);
    // 2 behind: reordered. 3 and more behind: repeated by the transport.
    const late = createEndpoint();
    for (const number of [0, 2, 3, 1, 4, 6, 7, 8, 5]) {
      late.packet.number = number;
      late.packet.echo = -1;
      late.packet.sim = number;
      late.takeTiming(number, undefined);
    }
    expect(late.stats(0).loss).toBeCloseTo(1 / 9, 6);
  });
});
