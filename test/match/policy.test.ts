// The send policy over the peer-connection double: matches on a path on which DataChannels of a fixed setting choke. The times are virtual; how
// the double's stalls compare with real ones is in test/sim/sctp.test.ts.
import { expect, test } from 'vitest';
import type { ChannelPolicy } from '../../src/link/send-policy.js';
import { timerTicker } from '../../src/match/ticker.js';
import type { Impairment } from '../../src/sim/impairment.js';
import { VirtualPair } from './virtual-pair.js';

const PLAY_MS = 60_000;
const DELAY = 2;

/** A minute of a match: how long inputs were on their way, in ms, sorted; and how many frames were played. */
async function play(network: Impairment, channel: ChannelPolicy, seed: number): Promise<{ ages: number[]; frames: number }> {
  const made: Map<number, number>[] = [new Map(), new Map()];
  const ages: number[] = [];
  const pair = await VirtualPair.meet(seed, network, (peer) => ({
    window: 30,
    inputDelay: DELAY,
    channel,
    trace: {
      held: (_peer, frame, now) => {
        const at = made[1 - peer]!.get(frame);
        if (at !== undefined) ages.push(now - at);
      },
    },
  }));
  const { clock, matches } = pair;
  for (const [i, match] of matches.entries()) {
    match.run({
      sample: () => {
        made[i]!.set(match.frame + DELAY, clock.now());
        return match.frame & 255;
      },
      ticker: timerTicker(clock),
    });
  }
  await pair.pass(PLAY_MS);
  const frames = Math.min(...matches.map(({ confirmedFrame }) => confirmedFrame));
  await pair.close();
  return { ages: ages.sort((x, y) => x - y), frames };
}

test('20 % loss at 100 ms one way: the policy keeps inputs flowing where sending each once chokes', async () => {
  const network: Impairment = { delayMs: 100, jitterMs: 5, loss: 0.2 };
  const [auto, classic] = [await play(network, 'auto', 1), await play(network, { maxRetransmits: 0 }, 1)];
  const late = ({ ages }: { ages: readonly number[] }, share: number): number => ages[Math.floor(ages.length * share)]!;
  // UDP has about 150 ms at 99 % and 170 at 99.9 %.
  expect(late(auto, 0.99)).toBeLessThan(200);
  expect(auto.frames).toBeGreaterThan(0.99 * 60 * 60);
  expect(late(classic, 0.99)).toBeGreaterThan(500);
});
