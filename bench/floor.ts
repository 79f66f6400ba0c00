// The floor of the netcode bench: what two peers that keep nothing but typed arrays need for the same workload, without msgpack, checks,
// statistics, handshake or objects. Nothing that does the job in JavaScript can be much faster; the ratio to it says what rollwire adds.

const RING = 128;

export class FloorPeer {
  readonly own = new Uint16Array(RING);
  readonly real = new Uint16Array(RING);
  readonly used = new Uint16Array(RING);
  readonly saved = new Int32Array(RING);
  state = 0;
  sim = 0;
  held = -1;
  acked = -1;
  rollbacks = 0;
  readonly packet = new Int32Array(3 + RING);

  /** Takes a packet: the other's first frame, how many, its receipt, its inputs. */
  receive(packet: Int32Array): void {
    const first = packet[0]!;
    const count = packet[1]!;
    if (packet[2]! > this.acked) this.acked = packet[2]!;
    let wrong = -1;
    for (let frame = Math.max(first, this.held + 1); frame < first + count; frame++) {
      const value = packet[3 + frame - first]!;
      this.real[frame & (RING - 1)] = value;
      this.held = frame;
      if (frame < this.sim && wrong < 0 && this.used[frame & (RING - 1)] !== value) wrong = frame;
    }
    if (wrong < 0) return;
    this.rollbacks++;
    this.state = this.saved[wrong & (RING - 1)]!;
    for (let frame = wrong; frame < this.sim; frame++) this.#advance(frame);
  }

  /** One tick: an input, a packet, a frame. False if the window is used up. */
  tick(input: number, window: number): boolean {
    if (this.sim - this.held > window) return false;
    this.own[this.sim & (RING - 1)] = input;
    const first = this.acked + 1;
    this.packet[0] = first;
    this.packet[1] = this.sim - first + 1;
    this.packet[2] = this.held;
    for (let frame = first; frame <= this.sim; frame++) this.packet[3 + frame - first] = this.own[frame & (RING - 1)]!;
    this.#advance(this.sim);
    this.sim++;
    return true;
  }

  #advance(frame: number): void {
    const at = frame & (RING - 1);
    this.saved[at] = this.state;
    const other = frame <= this.held ? this.real[at]! : this.held < 0 ? 0 : this.real[this.held & (RING - 1)]!;
    this.used[at] = other;
    this.state = (Math.imul(this.state, 31) + this.own[at]! + other) | 0;
  }
}
