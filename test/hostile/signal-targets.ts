// Signaling under attack: the readers of signals and of the room protocol's messages, the negotiation machine, and the WebSocket
// adapter on a socket driven by hand.
import { type Candidate, type IceServer, parseCandidate, parseIceServers, parseSignal, type Signal } from '../../src/negotiation/signal.js';
import { MAX_WAITING_SIGNALS, Negotiation } from '../../src/negotiation/negotiation.js';
import { encodeMessage, MAX_PEER_ID, MAX_ROOM_PEERS, parseClientMessage, parseServerMessage } from '../../src/signaling/room-protocol.js';
import { webSocketSignaling, type WebSocketLike } from '../../src/signaling/websocket.js';
import { Dice } from './dice.js';
import { count, hold, type Outcomes, type Target } from './target.js';
import { ValueForge } from './values.js';

/** What was read is plain, small, and reads as the same again: nothing of the stranger's object is left in it. */
function holdPlain(read: unknown, again: (value: unknown) => unknown): void {
  const text = JSON.stringify(read);
  hold(text.length < 1_500_000, 'what was read is bounded');
  hold(JSON.stringify(again(JSON.parse(text))) === text, 'what was read can be read again', () => text.slice(0, 300));
}

export class SignalReaderTarget implements Target {
  readonly name = 'signals';
  readonly block = 5_000;
  readonly outcomes: Outcomes = {};
  readonly #dice = new Dice();
  readonly #forge = new ValueForge(this.#dice);

  begin(): void {}

  feed(seed: number, index: number): void {
    const dice = this.#dice.start(seed, index);
    if (dice.oneIn(3)) {
      const part = this.#forge.part();
      const candidate: Candidate | null | undefined = parseCandidate(part);
      if (candidate !== undefined && candidate !== null) holdPlain(candidate, parseCandidate);
      const servers: readonly IceServer[] | null = parseIceServers(part);
      if (servers !== null) holdPlain(servers, parseIceServers);
      hold(servers === null || servers !== part, 'what was read is a copy');
      count(this.outcomes, candidate === undefined && servers === null ? 'no part' : 'a part');
      return;
    }
    const signal = parseSignal(this.#forge.signal());
    if (signal !== null) holdPlain(signal, parseSignal);
    count(this.outcomes, signal === null ? 'no signal' : signal.kind);
  }

  end(): void {
    hold(({} as { polluted?: unknown }).polluted === undefined, 'no prototype is changed');
  }
}

export class RoomProtocolTarget implements Target {
  readonly name = 'room messages';
  readonly block = 5_000;
  readonly outcomes: Outcomes = {};
  readonly #dice = new Dice();
  readonly #forge = new ValueForge(this.#dice);

  begin(): void {}

  feed(seed: number, index: number): void {
    this.#dice.start(seed, index);
    const text = this.#forge.text();
    const toServer = parseClientMessage(text);
    // What a server does with a signal: it wraps it and writes it again.
    if (toServer?.kind === 'signal') {
      hold(toServer.to.length <= MAX_PEER_ID, 'ids are short');
      const relayed = encodeMessage({ kind: 'signal', from: 'ann', signal: toServer.signal });
      hold(relayed === null || parseServerMessage(relayed)?.kind === 'signal', 'what is relayed is a message');
    }
    const toClient = parseServerMessage(text);
    if (toClient?.kind === 'joined') {
      const all = new Set([toClient.self, ...toClient.peers]);
      hold(all.size === toClient.peers.length + 1 && all.size <= MAX_ROOM_PEERS, 'nobody is in a room twice');
    }
    count(this.outcomes, toServer === null && toClient === null ? 'no message' : `to ${toServer === null ? 'client' : 'server'}`);
    if (index % 16 === 0)
      for (const value of [this.#forge.signal(), 5, null])
        hold(parseClientMessage(value) === null || typeof value === 'string', 'only texts');
  }

  end(): void {}
}

/** Entries of a timeline: one for each stage. */
const STAGES = 7;

export class NegotiationTarget implements Target {
  readonly name = 'negotiation';
  readonly block = 300;
  readonly outcomes: Outcomes = {};
  readonly #dice = new Dice();
  readonly #forge = new ValueForge(this.#dice);
  #machine = new Negotiation({ self: 'a', remote: 'b', attempt: 'try-1' });
  #started = false;
  #inFlight = false;
  /** Signals that were taken in since the machine last looked at any. */
  #waiting = 0;
  /** Once in so many items a command is answered. */
  #patience = 1;
  #ends = 0;
  #fed = 0;

  begin(seed: number, first: number): void {
    const self = this.#dice.start(seed, first).oneIn(2) ? 'a' : 'c';
    this.#machine = new Negotiation({ self, remote: 'b', attempt: 'try-1' });
    this.#inFlight = false;
    this.#started = false;
    this.#waiting = 0;
    // In some blocks WebRTC hardly ever answers, and signals pile up.
    this.#patience = this.#dice.oneIn(4) ? 10_000 : 12;
    this.#ends = 0;
    this.#fed = 0;
  }

  feed(seed: number, index: number): void {
    const dice = this.#dice.start(seed, index);
    const machine = this.#machine;
    const signal = this.#signal(dice, index);
    if (signal === null) {
      count(this.outcomes, 'no signal');
    } else {
      this.#fed++;
      const before = sum(machine);
      machine.signal(signal);
      const counted = sum(machine) > before;
      if (!counted) this.#waiting++;
      hold(this.#waiting <= MAX_WAITING_SIGNALS, 'no more signals wait than may');
      count(this.outcomes, counted ? 'counted' : 'taken in');
    }
    const now = index % this.block;
    if (dice.oneIn(20)) {
      machine.start(now);
      this.#started = true;
    }
    if (dice.oneIn(8))
      machine.localCandidate(now, dice.oneIn(4) ? null : { candidate: 'candidate:1 1 udp 1 10.0.0.1 1 typ host', sdpMid: '0' });
    // A command that takes long lets signals wait.
    if (this.#inFlight && dice.oneIn(this.#patience)) this.#answer(dice, now);
    this.#take(now);
  }

  end(): void {
    const { counts, timeline } = this.#machine;
    hold(this.#ends <= 1, 'it ends once');
    hold(timeline.length <= STAGES, 'the timeline has each stage once');
    hold(sum(this.#machine) <= this.#fed + MAX_WAITING_SIGNALS, 'no signal is counted twice', () => JSON.stringify(counts));
  }

  #signal(dice: Dice, index: number): Signal | null {
    // A goodbye ends what there is to attack.
    const signal = parseSignal(this.#forge.signal());
    return signal?.kind === 'bye' && (index % this.block < 200 || dice.oneIn(2)) ? null : signal;
  }

  #answer(dice: Dice, now: number): void {
    this.#inFlight = false;
    if (dice.oneIn(12)) this.#machine.failed('refused');
    else this.#machine.succeeded(now, 'v=0');
  }

  #take(now: number): void {
    const machine = this.#machine;
    while (machine.progress() !== undefined);
    for (let command = machine.next(now); command !== undefined; command = machine.next(now)) {
      if (command.kind === 'end') {
        this.#ends++;
        hold(['bye', 'new-attempt', 'refused'].includes(command.end.why), 'an end has a name');
        count(this.outcomes, `ended: ${command.end.why}`);
      } else if (command.kind !== 'send') {
        hold(!this.#inFlight, 'one command at a time');
        this.#inFlight = true;
        this.#waiting = 0;
      }
    }
    // With nothing in flight all that waited has been looked at, and with a new command at least the signal that led to it.
    if (this.#started && !this.#inFlight) this.#waiting = 0;
  }
}

function sum(machine: Negotiation): number {
  return Object.values(machine.counts).reduce((total, n) => total + n, 0);
}

/** A socket on which nothing happens but what the target says. */
class HandSocket implements WebSocketLike {
  static last: HandSocket;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: { message?: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  closed = false;

  constructor() {
    HandSocket.last = this;
  }

  send(): void {}

  close(): void {
    this.closed = true;
  }
}

export class ClientTarget implements Target {
  readonly name = 'signaling client';
  readonly block = 300;
  readonly outcomes: Outcomes = {};
  readonly #dice = new Dice();
  readonly #forge = new ValueForge(this.#dice);
  readonly #known = new Set<string>();
  #socket = new HandSocket();
  #calls = 0;
  #last = '';
  /** Whether the server names ever more peers. */
  #crowded = false;

  begin(seed: number, first: number): void {
    const said = (what: string): void => {
      this.#calls++;
      this.#last = what;
    };
    this.#known.clear();
    const joining = webSocketSignaling('ws://by-hand.test', { WebSocket: HandSocket }).join('room', {
      peer: (id) => {
        said('peer');
        hold(!this.#known.has(id) && id !== 'me' && id.length <= MAX_PEER_ID, 'a peer is told once', () => id);
        this.#known.add(id);
      },
      gone: (id) => {
        said('gone');
        hold(this.#known.delete(id), 'only who was there is gone');
      },
      signal: (from, signal) => {
        said('signal');
        hold(this.#known.has(from), 'a signal is of somebody who is there');
        holdPlain(signal, parseSignal);
      },
      status: () => said('status'),
      unknown: () => said('unknown'),
    });
    joining.catch(() => undefined);
    this.#socket = HandSocket.last;
    this.#socket.onopen?.();
    this.#crowded = this.#dice.start(seed, first).oneIn(4);
    // In some blocks the answer to join is hostile too.
    if (this.#crowded || !this.#dice.oneIn(8)) this.#hear(JSON.stringify({ kind: 'joined', self: 'me', peers: ['ann', 'bob'] }));
  }

  feed(seed: number, index: number): void {
    const dice = this.#dice.start(seed, index);
    const crowd = this.#crowded && index % this.block < 280;
    let data: unknown = crowd
      ? JSON.stringify({ kind: 'peer', id: `p${index}` })
      : dice.oneIn(50)
        ? this.#forge.signal()
        : this.#forge.text();
    // What ends a connection is left for the end of a block.
    if (typeof data === 'string' && data.includes('"refused"') && index % this.block < 250) data = 'no refusal';
    const joining = this.#known.size === 0;
    const closed = this.#socket.closed;
    const calls = this.#calls;
    this.#hear(data);
    const made = this.#calls - calls;
    if (closed) hold(made === 0, 'nothing is told after the end');
    else if (!joining) hold(made === 1, 'each message is told once', () => `${made} times: ${String(data).slice(0, 200)}`);
    hold(this.#known.size < MAX_ROOM_PEERS, 'no more peers are known than a room has');
    count(this.outcomes, closed ? 'after the end' : made === 0 ? 'nothing told' : this.#last);
  }

  end(): void {
    this.#socket.onclose?.({ code: 1006, reason: '' });
    hold(this.#socket.closed, 'the socket is closed in the end');
  }

  #hear(data: unknown): void {
    this.#socket.onmessage?.({ data });
  }
}
