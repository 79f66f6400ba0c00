// From the moment in which a player's input is asked for to the moment in which the packet with it is handed to WebRTC: real matches over
// real DataChannels in one process. The channels are wrapped by the constructor that joinMatch is given, and nothing else is changed.
import { percentile } from '../src/cli/percentile.js';
import type { RtcChannelOptions, RtcConstructor, RtcDataChannel } from '../src/link/rtc.js';
import { joinMatch } from '../src/match/join.js';
import { loopback } from '../src/node/loopback.js';
import { SumGame, u16 } from './pair.js';

const FPS = 240;
/** Frames in which the compiler is still at work. */
const WARM_UP = 500;

export interface LatencyReport {
  readonly fps: number;
  readonly samples: number;
  /** Shares of the samples whose packet was handed over before the next sample: the rest was held back by the send policy. */
  readonly sentShare: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
}

/** One peer's samples and what became of them. */
class Stopwatch {
  readonly ms: number[] = [];
  samples = 0;
  #sampledAt = -1;

  sampled(): void {
    this.samples++;
    this.#sampledAt = performance.now();
  }

  sending(): void {
    if (this.#sampledAt < 0) return;
    const ms = performance.now() - this.#sampledAt;
    this.#sampledAt = -1;
    if (this.samples > WARM_UP) this.ms.push(ms);
  }
}

/** A channel that says when something is handed to it. */
class TimedChannel implements RtcDataChannel {
  readonly #channel: RtcDataChannel;
  readonly #watch: Stopwatch;

  constructor(channel: RtcDataChannel, watch: Stopwatch) {
    this.#channel = channel;
    this.#watch = watch;
  }

  get bufferedAmount(): number {
    return this.#channel.bufferedAmount;
  }

  get binaryType(): 'arraybuffer' | 'blob' {
    return this.#channel.binaryType;
  }

  set binaryType(type: 'arraybuffer' | 'blob') {
    this.#channel.binaryType = type;
  }

  get onopen(): RtcDataChannel['onopen'] {
    return this.#channel.onopen;
  }

  set onopen(handler: RtcDataChannel['onopen']) {
    this.#channel.onopen = handler;
  }

  get onclose(): RtcDataChannel['onclose'] {
    return this.#channel.onclose;
  }

  set onclose(handler: RtcDataChannel['onclose']) {
    this.#channel.onclose = handler;
  }

  get onmessage(): RtcDataChannel['onmessage'] {
    return this.#channel.onmessage;
  }

  set onmessage(handler: RtcDataChannel['onmessage']) {
    this.#channel.onmessage = handler;
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#watch.sending();
    if (typeof data === 'string') this.#channel.send(data);
    else this.#channel.send(data);
  }

  close(): void {
    this.#channel.close();
  }
}

/** Peer connections whose input channels are timed. */
function timed(rtc: RtcConstructor, watch: Stopwatch): RtcConstructor {
  return class extends rtc {
    override createDataChannel(label: string, options: RtcChannelOptions): RtcDataChannel {
      const channel = super.createDataChannel(label, options);
      return label.startsWith('input') ? new TimedChannel(channel, watch) : channel;
    }
  };
}

/** Plays until each of two peers has sampled so many inputs. */
export async function benchLatency(frames: number): Promise<LatencyReport> {
  const net = await loopback({ peers: 2 });
  const watches = [new Stopwatch(), new Stopwatch()];
  const play = net.peers.map(async (place, i) => {
    const watch = watches[i]!;
    const rtc = timed(place.rtc, watch);
    const match = await joinMatch({ ...place, rtc, game: new SumGame(), input: u16, gameId: 'bench@1', players: 2, fps: FPS });
    await new Promise<void>((resolve, reject) => {
      match.on('ended', ({ error }) => (error === undefined ? resolve() : reject(error)));
      match.run({
        sample: () => {
          watch.sampled();
          return watch.samples & 0xffff;
        },
        // Both must have got there: the first to leave would end the other's match.
        draw: () => {
          if (watches.every(({ samples }) => samples >= WARM_UP + frames)) resolve();
        },
      });
    });
    match.close();
  });
  try {
    await Promise.all(play);
  } finally {
    net.close();
  }
  const ms = watches.flatMap((watch) => watch.ms);
  const samples = watches.reduce((sum, watch) => sum + watch.samples - WARM_UP, 0);
  return {
    fps: FPS,
    samples,
    sentShare: ms.length / samples,
    p50Ms: percentile(ms, 0.5) ?? NaN,
    p99Ms: percentile(ms, 0.99) ?? NaN,
    worstMs: percentile(ms, 1) ?? NaN,
  };
}
