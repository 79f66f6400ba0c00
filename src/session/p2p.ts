// One peer's session in a match: the deterministic core, the handshake and an endpoint for each other peer, put together.
// It owns no clock and no transport. The order of a tick:
//
//   receive* → begin → [ input (each local slot) ] → transmit* → op* → event*
//
// so that the stall is decided before anything is sampled, and an input leaves before its frame is simulated.
import { AutoDelay } from '../core/auto-delay.js';
import { hashState } from '../core/checksum.js';
import { LIMITS } from '../core/defaults.js';
import { NetError } from '../core/errors.js';
import { type Frame, NO_FRAME, type Slot } from '../core/frame.js';
import type { Op } from '../core/game.js';
import type { PeerId } from '../core/peer.js';
import { furthestAhead, ringCapacity, SyncLayer } from '../core/sync-layer.js';
import { decodeControl, type Leave } from '../wire/control-packets.js';
import { type BadPacket, epochOf, KIND, kindOf } from '../wire/head.js';
import { decodeInputPacket } from '../wire/input-packet.js';
import { MAX_TEXT, PROTOCOL_VERSION } from '../wire/limits.js';
import { Msgpack, type PacketCodec } from '../wire/msgpack.js';
import { Checks } from './checks.js';
import { Endpoint } from './endpoint.js';
import { EventQueue, type SessionEvent } from './events.js';
import { Handshake, type Kickoff, type Seat } from './handshake.js';
import { LocalInputs } from './local-inputs.js';
import { Outbox, type Transmit } from './outbox.js';
import { requireInputDelay, type SessionOptions, type Settings, settingsFrom } from './options.js';
import type { SessionStats } from './stats.js';
import { Tempo } from './tempo.js';

/** ms between two hellos while starting: three of them within a round trip of 150 ms tell SCTP that an earlier message was lost. */
const REPEAT_MS = 50;

/** Whether the session is still agreeing on a start, plays, or is over. */
export type SessionState = 'starting' | 'running' | 'ended';

/** One peer's session in a match, over any transport: bytes in, bytes and operations out. The order of its calls stands at the head of this file. */
export class Session<I, S> {
  readonly #settings: Settings<I, S>;
  readonly #msgpack: PacketCodec;
  readonly #events = new EventQueue();
  readonly #handshake: Handshake;
  readonly #endpoints = new Map<PeerId, Endpoint>();
  /** The same, in the order of their slots. */
  #others: readonly Endpoint[] = [];
  /** Peers that have left, for the statistics. */
  readonly #gone: Endpoint[] = [];
  readonly #bad: Partial<Record<BadPacket, number>> = {};
  readonly #sync: SyncLayer<I, S>;
  readonly #checks: Checks<I, S>;
  readonly #outbox: Outbox<I, S>;
  readonly #inputs: LocalInputs<I, S>;
  readonly #tempo: Tempo;
  #autoDelay: AutoDelay;
  #state: SessionState = 'starting';
  #kickoff: Kickoff | undefined;
  /** The latest time that was told. Declared without a value: V8 then keeps a reference to the caller's number, and handing it on allocates nothing. */
  #now!: number;
  /** When hello is said again, while starting. */
  #repeatAt = 0;
  #stalled = 0;

  /**
   * @param msgpack How packets become bytes: for benchmarks of everything else.
   * @throws NetError `bad-option`
   */
  constructor(options: SessionOptions<I, S>, msgpack: PacketCodec = new Msgpack()) {
    const settings = settingsFrom(options);
    this.#msgpack = msgpack;
    this.#now = 0;
    this.#settings = settings;
    const { input, players, window, fps, checkInterval, locals } = settings;
    this.#sync = new SyncLayer({
      codec: input,
      slots: players,
      window,
      predict: settings.predict,
      saveEvery: settings.saveEvery,
      checkInterval,
      maxInputDelay: LIMITS.inputDelay,
    });
    this.#checks = new Checks(this.#sync, {
      slots: players,
      words: input.words,
      interval: checkInterval,
      fps,
      checksum: settings.checksum,
      send: (to, frame, at, summary) =>
        this.#outbox.queueControl(to, { kind: 'details', epoch: this.#kickoff!.epoch, frame, at, summary }, this.#endpoints.get(to)),
    });
    this.#tempo = new Tempo(fps);
    this.#outbox = new Outbox(this.#sync, this.#msgpack, {
      self: settings.self,
      locals,
      words: input.words,
      capacity: ringCapacity(window, LIMITS.inputDelay),
    });
    this.#autoDelay = new AutoDelay(settings.inputDelay, fps);
    this.#inputs = new LocalInputs(this.#sync, input, (frame) => this.#outbox.created(frame, this.#now));
    this.#handshake = new Handshake({
      self: settings.self,
      nonce: settings.nonce,
      epoch: settings.epoch,
      locals,
      agreed: {
        gameId: settings.gameId,
        input: input.id.length <= MAX_TEXT ? input.id : `#${hashState(input.id)}`,
        words: input.words,
        players,
        fps,
        window,
        checkInterval,
      },
      send: (to, packet) => this.#outbox.queueControl(to, packet),
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Who plays which slots; empty until started. */
  get seats(): readonly Seat[] {
    return this.#kickoff?.seats ?? [];
  }

  /** The slots played here; empty until started. */
  get locals(): readonly Slot[] {
    return this.#inputs.slots;
  }

  /** 32 bits, the same for all peers; 0 until started. */
  get seed(): number {
    return this.#kickoff?.seed ?? 0;
  }

  /** The frame that is simulated next. */
  get frame(): Frame {
    return this.#sync.sim;
  }

  /** The frame of the operation that was handed out last. */
  get performing(): Frame {
    return this.#sync.performing;
  }

  /** The last simulated frame that will not be simulated again; −1 if none. */
  get confirmedFrame(): Frame {
    return this.#sync.final;
  }

  /** The last confirmed frame of which every other peer is known to have all inputs from here; −1 if none. */
  get settledFrame(): Frame {
    let settled = this.confirmedFrame;
    for (const endpoint of this.#others) settled = Math.min(settled, endpoint.acked);
    return settled;
  }

  /** Frames of input delay as last set, the largest of all slots played here. Stale after the next `begin`. */
  get inputDelay(): Frame {
    return this.#inputs.delay;
  }

  /** Factor on the frame rate that keeps the peers together, 0.95 to 1.05. Stale after the next packet. */
  get speed(): number {
    return this.#tempo.speed;
  }

  /** Whose hello has not come: what the start waits for. */
  get unheard(): readonly PeerId[] {
    return this.#handshake.unheard;
  }

  /** When `begin` must be called at the latest, even if no frame is due: for what is repeated while starting, and for limits of silence. */
  get deadline(): number {
    if (this.#state === 'starting') return this.#repeatAt;
    let deadline = Infinity;
    if (this.#state === 'ended') return deadline;
    for (const endpoint of this.#others) deadline = Math.min(deadline, endpoint.deadline);
    return deadline;
  }

  /** A link to the peer is up: packets can be sent to it. */
  connect(peer: PeerId): void {
    if (this.#state !== 'starting') return;
    this.#handshake.connect(peer);
  }

  /** The link to the peer is gone, and it said no goodbye. */
  disconnect(peer: PeerId, why: string, now: number): void {
    if (this.#state === 'starting') {
      this.#end(new NetError('peer-gone', { peer, stage: 'handshake', why }));
    } else if (this.#state === 'running') {
      const endpoint = this.#endpoints.get(peer);
      if (endpoint !== undefined) this.#end(new NetError('peer-lost', { peer, silentMs: endpoint.silentMs(now), why }));
    }
  }

  /** Takes a packet that came from a peer. Allowed at any time, also between two operations. Never throws, whatever the bytes. */
  receive(from: PeerId, bytes: Uint8Array, now: number): void {
    if (this.#state === 'ended') return;
    if (now > this.#now) this.#now = now;
    const first = bytes[bytes[0] === 0xdc ? 3 : 1];
    const bad =
      first !== undefined && first <= 0x7f && kindOf(first) === KIND.input
        ? this.#receiveInput(from, bytes, epochOf(first))
        : this.#receiveControl(from, bytes);
    if (bad !== null) this.#bad[bad] = (this.#bad[bad] ?? 0) + 1;
  }

  /**
   * Begins a tick. `sample`: give the input of each local slot, then simulate a frame. `stalled`: no new frame now.
   * @param hold Make no new frame even if one were possible: the others are told that we are here, and nothing more.
   */
  begin(now: number, hold = false): 'sample' | 'stalled' {
    this.#tempo.wake(now, this.#others);
    if (now > this.#now) this.#now = now;
    this.#inputs.begin();
    if (this.#state === 'starting') this.#repeatHello();
    this.#watch();
    if (this.#state !== 'running') return 'stalled';
    this.#check();
    this.#adaptDelay();
    this.#outbox.queueInputs(this.#others);
    const stalled = !this.#sync.mayAdvance;
    this.#tempo.begin(this.#now, this.#sync.sim, stalled || hold, this.#others);
    if (stalled) this.#stalled++;
    if (stalled || hold) return 'stalled';
    this.#inputs.want();
    return 'sample';
  }

  /**
   * Gives a local slot's input. It will be applied `inputDelay` frames from now, and cannot be changed any more.
   * @throws NetError `call-order` unless `begin` has just said `sample`, once for each local slot.
   */
  input(slot: Slot, input: I): void {
    if (this.#inputs.give(slot, input)) this.#sync.grant();
  }

  /**
   * Sets the input delay from now on, of one local slot or of all, and ends an automatic one. A longer one repeats the last input for the
   * frames in between. A shorter one is reached a frame in two ticks: every other sample is joined to the next, by the codec's `merge`.
   * @throws NetError `bad-option`
   */
  setInputDelay(frames: number, slot?: Slot): void {
    requireInputDelay('input delay', frames, this.#settings);
    if (slot !== undefined && !this.locals.includes(slot)) {
      throw new NetError('bad-option', { option: 'slot', got: slot, expected: 'a slot that is played here, or none for all of them' });
    }
    this.#autoDelay = new AutoDelay({ min: frames, max: frames }, this.#settings.fps);
    this.#inputs.setDelay(frames, slot);
  }

  /** The next packet to send; undefined when there is none. Take all before the operations. */
  transmit(): Transmit | undefined {
    const control = this.#outbox.takeControl();
    if (control !== undefined || this.#inputs.wanted > 0 || this.#state !== 'running') return control;
    return this.#outbox.takeInput(this.#now, this.#tempo.tickSim);
  }

  /** The transport did not take the packet of the last `transmit`: it does not count as sent. */
  unsent(): void {
    this.#outbox.unsent();
  }

  /**
   * What the game must do next; undefined when the tick is done. One object, reused.
   * @throws NetError `call-order` while input packets wait to be sent: an input leaves before its frame is simulated.
   */
  op(): Op<I, S> | undefined {
    // What was saved is freed.
    if (this.#state === 'ended') return this.#sync.free();
    if (this.#state !== 'running') return undefined;
    if (this.#outbox.hasDue && this.#inputs.wanted === 0) {
      throw new NetError('call-order', { call: 'op()', expected: 'take all packets with transmit() first' });
    }
    return this.#sync.op();
  }

  /** The next event; undefined when there is none. */
  event(): SessionEvent | undefined {
    return this.#events.take();
  }

  /** Leaves politely: the others are told, and given all inputs that they lack. Then `transmit` until undefined. @param error Why, for `ended`. */
  leave(reason = 'left', error?: NetError): void {
    if (this.#state === 'running') {
      for (const endpoint of this.#others) this.#outbox.queueLeave(endpoint, reason);
    }
    this.#end(error);
  }

  /** What the session has done so far: a copy. */
  stats(): SessionStats {
    return {
      ...this.#sync.stats(),
      stalled: this.#stalled,
      inputDelay: this.#inputs.delay,
      unconfirmed: this.#sync.sim - 1 - this.confirmedFrame,
      speed: this.#tempo.speed,
      checksPassed: this.#checks.passed,
      checksUnmatched: this.#checks.unmatched,
      badPackets: { ...this.#bad },
      eventsDropped: this.#events.dropped,
      peers: [...this.#others, ...this.#gone].map((endpoint) => endpoint.stats(this.#now)),
    };
  }

  // ---- receiving

  #receiveInput(from: PeerId, bytes: Uint8Array, epoch: number): BadPacket | null {
    let endpoint = this.#endpoints.get(from);
    if (endpoint === undefined && this.#state === 'starting') {
      this.#handshake.implied(from, epoch);
      this.#startIfAgreed();
      endpoint = this.#endpoints.get(from);
    }
    if (endpoint === undefined) return 'unknown peer';
    const { packet } = endpoint;
    const bad = decodeInputPacket(this.#msgpack, bytes, endpoint.columns, packet);
    if (bad !== null) return bad;
    if (packet.epoch !== this.#kickoff!.epoch) return 'other epoch';
    if (endpoint.receipt > this.#outbox.lastFrame) return 'out of place';
    if (this.#tooFar(Math.max(packet.sim, packet.first + packet.count))) return 'frame too far';
    this.#heard(endpoint);
    const rtt = endpoint.takeTiming(this.#now, this.#tempo.position(this.#now));
    if (rtt >= 0) this.#settings.trace.rtt?.(from, rtt);
    const acknowledged = endpoint.takeReceipt();
    if (acknowledged !== NO_FRAME) endpoint.acknowledgedAfter(this.#now - this.#outbox.createdAt(acknowledged));
    return this.#takeInputs(endpoint, packet.first, packet.count, packet.words);
  }

  /** Whether no peer that keeps the rules can have come this far: taking its inputs would overwrite some that are still needed. */
  #tooFar(frame: Frame): boolean {
    return frame > this.#sync.sim + furthestAhead(this.#settings.window, LIMITS.inputDelay);
  }

  /** Takes the inputs that are new; the others are repetitions. */
  #takeInputs(endpoint: Endpoint, first: Frame, count: number, words: Uint16Array): BadPacket | null {
    const { slots, columns } = endpoint;
    const width = this.#settings.input.words;
    const held = this.#sync.queue(slots[0]!).held;
    if (first > held + 1) return 'gap';
    for (let frame = held + 1; frame < first + count; frame++) {
      const base = (frame - first) * columns;
      for (let i = 0; i < slots.length; i++) this.#sync.append(slots[i]!, words, base + i * width);
      this.#settings.trace.held?.(endpoint.peer, frame, this.#now);
    }
    return null;
  }

  #receiveControl(from: PeerId, bytes: Uint8Array): BadPacket | null {
    const endpoint = this.#endpoints.get(from);
    const packet = decodeControl(this.#msgpack, bytes, endpoint?.columns ?? 1);
    if (typeof packet === 'string') return packet;
    switch (packet.kind) {
      case 'hello': {
        // Of another version only its number is known.
        if (packet.version === PROTOCOL_VERSION && packet.epoch !== this.#settings.epoch) return 'other epoch';
        if (endpoint !== undefined) {
          if (this.#handshake.isNewSession(from, packet)) return this.#takeReturn(endpoint);
          this.#heard(endpoint);
        }
        const error = this.#handshake.hello(from, packet);
        if (error !== undefined && this.#state === 'starting') this.#end(error);
        return error !== undefined && this.#state === 'running' ? 'out of place' : null;
      }
      case 'start': {
        if (packet.epoch !== this.#settings.epoch) return 'other epoch';
        if (endpoint !== undefined) this.#heard(endpoint);
        const fits = this.#handshake.start(from, packet);
        this.#startIfAgreed();
        // A go may come after the input packet that stood for it.
        return fits || (packet.step === 'go' && endpoint !== undefined) ? null : 'out of place';
      }
      case 'check':
      case 'details':
      case 'leave':
        if (endpoint === undefined) return 'unknown peer';
        if (packet.epoch !== this.#kickoff!.epoch) return 'other epoch';
        this.#heard(endpoint);
        if (packet.kind === 'leave') return this.#takeLeave(endpoint, packet);
        if (packet.kind === 'details') return this.#checks.takeDetails(from, packet) ? null : 'out of place';
        this.#checks.take(from, packet);
        return null;
    }
  }

  #takeLeave(endpoint: Endpoint, leave: Leave): BadPacket | null {
    const bad = this.#tooFar(leave.first + leave.count)
      ? 'frame too far'
      : this.#takeInputs(endpoint, leave.first, leave.count, leave.words);
    this.#drop(endpoint, leave.reason);
    return bad;
  }

  /**
   * A peer began anew, and has nothing of this match any more. Two peers: the other one goes on alone. More of them hold different
   * inputs of it, and one alone cannot say where it ended.
   */
  #takeReturn(endpoint: Endpoint): null {
    const why = 'it came back without its game';
    if (this.#others.length === 1) this.#drop(endpoint, why);
    else this.#end(new NetError('peer-lost', { peer: endpoint.peer, silentMs: endpoint.silentMs(this.#now), why }));
    return null;
  }

  /** The peer plays no more, after all inputs of it that have come. */
  #drop(endpoint: Endpoint, why: string): void {
    const { peer, slots } = endpoint;
    const lastFrame = this.#sync.queue(slots[0]!).held;
    for (const slot of slots) this.#sync.cut(slot, lastFrame);
    this.#endpoints.delete(peer);
    this.#others = [...this.#endpoints.values()];
    this.#gone.push(endpoint);
    this.#checks.drop(peer, this.#now);
    this.#events.push({ type: 'dropped', peer, slots, lastFrame, why });
  }

  #heard(endpoint: Endpoint): void {
    if (endpoint.heard(this.#now)) this.#events.push({ type: 'resumed', peer: endpoint.peer });
  }

  // ---- the course of the match

  #startIfAgreed(): void {
    const kickoff = this.#handshake.kickoff;
    if (kickoff === undefined || this.#kickoff !== undefined) return;
    this.#kickoff = kickoff;
    this.#state = 'running';
    const { self, input, fps, waitMs } = this.#settings;
    let locals: readonly Slot[] = [];
    for (const { peer, slots } of kickoff.seats) {
      if (peer === self) {
        locals = slots;
        continue;
      }
      const receiptIndex = kickoff.seats.filter((seat) => seat.peer !== peer).findIndex((seat) => seat.peer === self);
      const columns = slots.length * input.words;
      this.#endpoints.set(
        peer,
        new Endpoint({ peer, slots, columns, others: kickoff.seats.length - 1, receiptIndex, fps, waitMs, now: this.#now }),
      );
    }
    this.#others = [...this.#endpoints.values()];
    this.#checks.start(this.#others.map(({ peer }) => peer));
    this.#outbox.start(kickoff, locals);
    this.#inputs.start(locals, this.#autoDelay.delay);
    this.#events.push({ type: 'started', seed: kickoff.seed });
  }

  #repeatHello(): void {
    if (this.#now < this.#repeatAt) return;
    this.#repeatAt = this.#now + REPEAT_MS;
    this.#handshake.repeat();
  }

  /** Follows the path with an automatic input delay. */
  #adaptDelay(): void {
    if (this.#autoDelay.fixed) return;
    let oneWayMs = 0;
    for (const endpoint of this.#others) oneWayMs = Math.max(oneWayMs, endpoint.oneWayMs);
    // Nothing is known before the first round trip.
    if (oneWayMs > 0 && this.#autoDelay.measured(this.#now, oneWayMs)) this.#inputs.setDelay(this.#autoDelay.delay);
  }

  #end(error?: NetError): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    for (const desync of this.#checks.end()) this.#events.push({ type: 'desync', ...desync });
    this.#events.push({ type: 'ended', ...(error === undefined ? {} : { error }) });
  }

  /** Looks for peers that have fallen silent. */
  #watch(): void {
    if (this.#state !== 'running') return;
    for (const endpoint of this.#others) {
      const { peer } = endpoint;
      const silentMs = endpoint.silentMs(this.#now);
      if (endpoint.interruptedNow(this.#now)) this.#events.push({ type: 'interrupted', peer, silentMs });
      if (silentMs >= this.#settings.waitMs) {
        return this.#end(new NetError('peer-lost', { peer, silentMs, why: 'no packets came any more' }));
      }
    }
  }

  /** Sends the checks that have become final, and compares. */
  #check(): void {
    for (let check = this.#checks.next(this.#kickoff!.epoch); check !== undefined; check = this.#checks.next(this.#kickoff!.epoch)) {
      for (const endpoint of this.#others) this.#outbox.queueControl(endpoint.peer, check, endpoint);
    }
    for (let desync = this.#checks.desync(this.#now); desync !== undefined; desync = this.#checks.desync(this.#now)) {
      this.#events.push({ type: 'desync', ...desync });
    }
  }
}
