// The room server under hostile messages over real sockets: whoever sends them is refused or ignored, and the others play on.
import { expect, it } from 'vitest';
import { startRoomServer } from '../../src/server/index.js';
import { Dice } from '../hostile/dice.js';
import { ValueForge } from '../hostile/values.js';
import { RawClient } from './raw-client.js';

/** Connections one after the other, each with so many messages that are hostile or valid out of their place. */
const STRANGERS = 150;
const MESSAGES = 12;

it('of strangers in the same room: they are refused, the room goes on, and nobody of them is left in it', async () => {
  const server = await startRoomServer();
  const dice = new Dice().start(1, 0);
  const forge = new ValueForge(dice);
  const ann = await RawClient.joined(server.url, 'room', 'ann-itself');
  const bob = await RawClient.joined(server.url, 'room', 'bob-itself');
  expect(await ann.next()).toEqual({ kind: 'peer', id: 'bob-itself' });
  try {
    for (let n = 0; n < STRANGERS; n++) {
      const stranger = await RawClient.open(server.url);
      // Two in three get in first.
      if (n % 3 !== 0) stranger.say({ kind: 'join', v: 1, room: 'another room', id: `stranger-${n}` });
      for (let i = 0; i < MESSAGES; i++) stranger.sayRaw(dice.oneIn(20) ? new Uint8Array(dice.below(2_000)) : forge.text());
      stranger.sayRaw('the last word');
      // Either for good manners or for bad ones: each is sent away.
      expect([1000, 1008, 1009]).toContain(await stranger.closed);
    }
    expect(server.counters().refused).toBeGreaterThan(STRANGERS / 2);
    expect(server.rooms()).toBe(1);
    // Some strangers did get in for a while: what is told of them comes before.
    ann.say({ kind: 'signal', to: 'bob-itself', signal: 'are you there' });
    await hears(bob, { kind: 'signal', from: 'ann-itself', signal: 'are you there' });
    bob.say({ kind: 'signal', to: 'ann-itself', signal: 'I am' });
    await hears(ann, { kind: 'signal', from: 'bob-itself', signal: 'I am' });
  } finally {
    await server.close();
  }
});

/** Reads on until it comes. */
async function hears(client: RawClient, expected: unknown): Promise<void> {
  const text = JSON.stringify(expected);
  while (JSON.stringify(await client.next()) !== text);
}
