// What lies between a pair of addresses and open channels: two round trips of DTLS and two of SCTP, each repeated until it is answered.
// One side asks, the other one only answers; both of SCTP's sides could ask, which would save half a round trip.
import type { Clock, Off } from '../core/clock.js';

/** The steps alternate, from 1: odd ones are the client's. 1 to 4 are DTLS 1.2, 5 to 8 are SCTP's INIT to COOKIE-ACK. */
const DTLS_DONE = 4;
const SCTP_DONE = 8;
/** BoringSSL under WebRTC, and SCTP's T1: the first repetition; each later one takes twice as long. */
const DTLS_REPEAT_MS = 50;
const SCTP_REPEAT_MS = 500;
const MAX_REPEAT_MS = 3000;

export class RtcHandshake {
  readonly #clock: Clock;
  readonly #client: boolean;
  readonly #emit: (step: number) => void;
  readonly #reached: (what: 'dtls' | 'sctp') => void;
  /** The last step that was sent. */
  #sent = 0;
  #repeats = 0;
  #stopRepeat: Off = () => {};
  #dtls = false;
  #sctp = false;

  constructor(clock: Clock, client: boolean, emit: (step: number) => void, reached: (what: 'dtls' | 'sctp') => void) {
    this.#clock = clock;
    this.#client = client;
    this.#emit = emit;
    this.#reached = reached;
  }

  /** This side may send: the client begins. */
  start(): void {
    if (this.#client) this.#ask(1);
  }

  /** False for an answer to something older, which is a repetition. */
  receive(step: number): boolean {
    if (this.#client) {
      if (step !== this.#sent + 1) return false;
      this.#stopRepeat();
      this.#repeats = 0;
      this.#done(step);
      if (step < SCTP_DONE) this.#ask(step + 1);
    } else {
      this.#sent = Math.max(this.#sent, step + 1);
      // The server is through with its part when it has the client's last step.
      this.#done(step + 1);
      this.#emit(step + 1);
    }
    return true;
  }

  #ask(step: number): void {
    this.#sent = step;
    this.#emit(step);
    const first = step < DTLS_DONE ? DTLS_REPEAT_MS : SCTP_REPEAT_MS;
    this.#stopRepeat = this.#clock.after(Math.min(MAX_REPEAT_MS, first * 2 ** this.#repeats++), () => this.#ask(step));
  }

  #done(step: number): void {
    if (step >= DTLS_DONE && !this.#dtls) {
      this.#dtls = true;
      this.#reached('dtls');
    }
    if (step >= SCTP_DONE && !this.#sctp) {
      this.#sctp = true;
      this.#reached('sctp');
    }
  }
}
