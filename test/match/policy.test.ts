// The send policy over the peer-connection double: matches on a path on which DataChannels of a fixed setting choke. The times are virtual; how
// the double's stalls compare with real ones is in test/sim/sctp.test.ts.
import { expect, test } from 'vitest';
import { createRng } from '../../src/core/rng.js';
import type { ChannelPolicy } from '../../src/link/send-policy.js';
import { joinMatch } from '../../src/match/join.js';
import { timerTicker } from '../../src/match/ticker.js';
import type { Impairment } from '../../src/sim/impairment.js';
import { passTime } from '../../src/sim/pass-time.js';
import { RtcWorld } from '../../src/sim/rtc-world.js';
import { VirtualClock } from '../../src/sim/virtual-clock.js';
import { VirtualSignaling } from '../../src/sim/virtual-signaling.js';
import { buttons, chainGame } from '../games.js';

const breathe = (): Promise<void> => new Promise((done) => setImmediate(done));

const PLAY_MS = 60_000;
const DELAY = 2;

/** A minute of a match: how long inputs were on their way, in ms, sorted; and how many frames were played. */
async function play(network: Impairment, channel: ChannelPolicy, seed: number): Promise<{ ages: number[]; frames: number }> {
  const clock = new VirtualClock();
  const rng = createRng(seed);
  const world = new RtcWorld({ clock, rng: rng.fork('world'), network });
  const server = new VirtualSignaling({ clock, rng: rng.fork('server'), delayMs: 20 });
  const made: Map<number, number>[] = [new Map(), new Map()];
  const ages: number[] = [];
  const joining = ['a', 'b'].map((name, i) => {
    const random = rng.fork(name);
    return joinMatch({
      input: buttons,
      gameId: 'chain@1',
      players: 2,
      window: 30,
      inputDelay: DELAY,
      game: chainGame(),
      signaling: server.adapter(),
      room: 'room',
      rtc: world.rtc(name),
      clock,
      random: () => random.u32(),
      channel,
      trace: {
        held: (_peer, frame, now) => {
          const at = made[1 - i]!.get(frame);
          if (at !== undefined) ages.push(now - at);
        },
      },
    });
  });
  let matches: Awaited<(typeof joining)[number]>[] | undefined;
  void Promise.all(joining).then((all) => (matches = all));
  while (matches === undefined) await passTime(clock, 100, breathe);
  const [a, b] = matches;
  for (const [i, match] of [a!, b!].entries()) {
    match.run({
      sample: () => {
        made[i]!.set(match.frame + DELAY, clock.now());
        return match.frame & 255;
      },
      ticker: timerTicker(clock),
    });
  }
  await passTime(clock, PLAY_MS, breathe);
  const frames = Math.min(a!.confirmedFrame, b!.confirmedFrame);
  for (const match of matches) match.close();
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
