// One direction of the simulated reliable, ordered channel. A lost message is sent again as SCTP does it: soon, when later ones are
// reported to have arrived, else after a timeout. There is no congestion window, and the timeout does not follow the round trip: the
// channel is for few and small messages. (The SCTP of whole peer connections, with its stalls, is in sctp.ts.)
import type { Clock, Off } from '../core/clock.js';
import type { ImpairedPath } from './impairment.js';

/** SCTP's shortest timeout in browsers. It doubles each time that it passes, until something is heard again (RFC 9260, 6.3.3). */
const FIRST_TIMEOUT_MS = 400;
/** The longest one: Chromium's limit for data channels. */
const LONGEST_TIMEOUT_MS = 3000;
/** So many reports of what was sent later mean that a message is lost (RFC 9260, 7.2.4). */
const REPORTS_MISSING = 3;

/** A message that has not been handed over. */
interface Message {
  readonly bytes: Uint8Array;
  /** The place of its last transmission among all. */
  sentAs: number;
  /** It was lost, and will be sent again. */
  lost: boolean;
  arrived: boolean;
  /** How many reports came of what was sent after it. */
  missing: number;
}

export interface ReliableOptions {
  readonly clock: Clock;
  /** The way of the messages. */
  readonly forth: ImpairedPath;
  /** Makes the way of the reports, when the first is due. */
  readonly back: () => ImpairedPath;
  /** Hands over a message: each once, in the order of sending. */
  readonly deliver: (bytes: Uint8Array) => void;
  readonly counters: { repeatedFast: number; repeatedLate: number };
}

export class ReliableSender {
  readonly #options: ReliableOptions;
  #back: ImpairedPath | undefined;
  /** In the order of sending. */
  readonly #underway: Message[] = [];
  #transmissions = 0;
  /** Runs while a message is lost. One for all, as in SCTP. */
  #timer: Off | undefined;
  #timeoutMs = FIRST_TIMEOUT_MS;

  constructor(options: ReliableOptions) {
    this.#options = options;
  }

  /** Keeps the bytes until they are handed over. */
  send(bytes: Uint8Array): void {
    const message = { bytes, sentAs: 0, lost: false, arrived: false, missing: 0 };
    this.#underway.push(message);
    this.#transmit(message);
  }

  #transmit(message: Message): void {
    const { clock, forth } = this.#options;
    const [ms] = forth.pass(clock.now(), message.bytes.length);
    message.sentAs = this.#transmissions++;
    message.missing = 0;
    message.lost = ms === undefined;
    if (ms === undefined) this.#startTimer();
    else clock.after(ms, () => this.#arrive(message));
  }

  #startTimer(): void {
    this.#timer ??= this.#options.clock.after(this.#timeoutMs, () => this.#repeatAll());
  }

  /** Nothing was heard for too long: all that is lost is sent again, and more patience shown. */
  #repeatAll(): void {
    this.#timer = undefined;
    this.#timeoutMs = Math.min(LONGEST_TIMEOUT_MS, 2 * this.#timeoutMs);
    for (const message of this.#underway) {
      if (!message.lost) continue;
      this.#options.counters.repeatedLate++;
      this.#transmit(message);
    }
  }

  #arrive(message: Message): void {
    const { clock, back, deliver } = this.#options;
    message.arrived = true;
    while (this.#underway[0]?.arrived === true) deliver(this.#underway.shift()!.bytes);
    this.#back ??= back();
    const [ms] = this.#back.pass(clock.now());
    if (ms !== undefined) clock.after(ms, () => this.#reported(message.sentAs));
  }

  /** The other side has what was sent as the `sentAs`th: the path is alive, and what was sent before it and is lost was missed once more. */
  #reported(sentAs: number): void {
    // A timeout that had become long begins anew as a short one, also if it is running.
    if (this.#timeoutMs > FIRST_TIMEOUT_MS) this.#stopTimer();
    this.#timeoutMs = FIRST_TIMEOUT_MS;
    for (const message of this.#underway) {
      if (!message.lost || message.sentAs > sentAs || ++message.missing < REPORTS_MISSING) continue;
      this.#options.counters.repeatedFast++;
      // The timeout begins anew for the oldest message only: repairs of others must not put that one off.
      if (message === this.#underway[0]) this.#stopTimer();
      this.#transmit(message);
    }
    if (this.#underway.some(({ lost }) => lost)) this.#startTimer();
  }

  #stopTimer(): void {
    this.#timer?.();
    this.#timer = undefined;
  }
}
