// When to send an input packet, over which peer connection and with how many retransmissions, as a pure machine: the age of
// what is not acknowledged in, a decision out. It makes DataChannels as good as plain UDP under loss, where each fixed
// setting stalls for seconds somewhere; the price is that packets are skipped at times. The numbers were found by experiments
// over a lossy relay with Chromium, Firefox and wrtc.

/**
 * How input packets are sent.
 * - `auto`: adapts rate and retransmissions to what gets through, over all connections of the link (so far there is one). For every game.
 * - `one-connection`: the same, and never more than one connection: half the setup, and as good except in Firefox above about 10 % loss.
 * - `{ maxRetransmits: n }`: every packet at once on one channel with n retransmissions, nothing adapted. The classic is 0. To compare with.
 */
export type ChannelPolicy = 'auto' | 'one-connection' | { readonly maxRetransmits: number };

/** The input channels of a connection: `R` retransmits, `Z` sends once. */
export type InputChannel = 'R' | 'Z';

/** What to do with the input packet of this tick. */
export type SendDecision =
  | { readonly send: true; /** Index into the open connections. */ readonly association: number; readonly channel: InputChannel }
  /** `rate`: the path takes fewer packets now. `blocked`: no connection has sent what it was given. */
  | { readonly send: false; readonly reason: 'rate' | 'blocked' };

/** Retransmissions of R: random loss of 20 % at 60 Hz leaves fewer gaps than SCTP closes in a round trip. 1 or 2 stall in Firefox. */
export const DEFAULT_RETRANSMITS = 4;

/** The guess of the time to an acknowledgement before there was one, in ms. */
const START_ACK_MS = 200;
/** Slower acknowledgements move the estimate by this share of the difference, and at most by {@link MAX_RISE_MS}: a stall must not look normal. */
const RISE_SHARE = 0.02;
const MAX_RISE_MS = 1;
/** An age this far over the estimate means a gap; retransmitting then only feeds the congestion. Earlier is harmful. */
const NO_RETRANSMIT_AFTER_MS = 100;
/** An age this far over the estimate means that SCTP has timed out again and again: half the slow rate. */
const STALL_AFTER_MS = 2000;
/** With one connection and with several: how far over the estimate an age means "slow down", and by which factor. */
const SLOW_ALONE = { afterMs: 250, factor: 4 };
const SLOW_TOGETHER = { afterMs: 400, factor: 2 };
/** Packets a second from which the slow rates are divided; at full rate every packet is sent. */
const FULL_RATE = 60;
/** Ticks come a little early or late: a packet that is due within half a tick is sent. */
const HALF_TICK_MS = 500 / FULL_RATE;
/** A blocked connection frees itself only when something is sent: poke it this often. */
const POKE_MS = 100;

export class SendPolicy {
  readonly #adaptive: boolean;
  #ackMs = START_ACK_MS;
  #sent = 0;
  #lastSentMs = -Infinity;

  constructor(policy: ChannelPolicy) {
    this.#adaptive = typeof policy === 'string';
  }

  /** The time in which inputs are acknowledged when all is well, in ms: follows faster ones at once and slower ones hesitantly. */
  get ackMs(): number {
    return this.#ackMs;
  }

  /**
   * Decides over one packet. To be asked once a tick; when it says send, the packet is taken to be sent.
   * @param now in ms
   * @param ageMs age of the oldest input that is not acknowledged; 0 if there is none
   * @param ackMs if an acknowledgement advanced since the last call: the age that its oldest newly acknowledged input had
   * @param blocked for each open connection whether one of its channels still buffers; at least one
   */
  decide(now: number, ageMs: number, ackMs: number | undefined, blocked: readonly boolean[]): SendDecision {
    if (ackMs !== undefined) this.#acknowledged(ackMs);
    if (!this.#adaptive) return this.#send(now, 0, 'R');
    if (now - this.#lastSentMs < this.#intervalMs(ageMs, blocked.length) - HALF_TICK_MS) return { send: false, reason: 'rate' };
    const channel = ageMs > this.#ackMs + NO_RETRANSMIT_AFTER_MS ? 'Z' : 'R';
    const turn = this.#sent % blocked.length;
    for (let i = 0; i < blocked.length; i++) {
      const association = (turn + i) % blocked.length;
      if (blocked[association] === false) return this.#send(now, association, channel);
    }
    return now - this.#lastSentMs >= POKE_MS ? this.#send(now, turn, channel) : { send: false, reason: 'blocked' };
  }

  #intervalMs(ageMs: number, connections: number): number {
    const slow = connections > 1 ? SLOW_TOGETHER : SLOW_ALONE;
    if (ageMs > this.#ackMs + STALL_AFTER_MS) return (1000 / FULL_RATE) * 2 * slow.factor;
    return ageMs > this.#ackMs + slow.afterMs ? (1000 / FULL_RATE) * slow.factor : 0;
  }

  #acknowledged(ackMs: number): void {
    // Written so that NaN and times from the future change nothing.
    if (!(ackMs >= 0)) return;
    this.#ackMs = ackMs < this.#ackMs ? ackMs : this.#ackMs + Math.min(RISE_SHARE * (ackMs - this.#ackMs), MAX_RISE_MS);
  }

  #send(now: number, association: number, channel: InputChannel): SendDecision {
    this.#sent++;
    this.#lastSentMs = now;
    return { send: true, association, channel };
  }
}
