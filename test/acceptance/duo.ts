// Two sessions wired by hand, tick by tick, for scenarios that hang on a single packet: nothing moves unless the test moves it.
import type { Op } from '../../src/core/game.js';
import { perform } from '../../src/match/perform.js';
import type { PlayOptions } from '../../src/session/options.js';
import { Session } from '../../src/session/p2p.js';
import { Recorder } from '../../src/sim/recorder.js';
import { createInputPacket, decodeInputPacket, type InputPacket } from '../../src/wire/input-packet.js';
import { Msgpack } from '../../src/wire/msgpack.js';
import { buttons, chainGame, type ChainState } from '../games.js';

const TICK_MS = 1000 / 60;

/** What a tick made the game do. */
export interface Ticked {
  readonly said: 'sample' | 'stalled';
  readonly loads: readonly number[];
  readonly resimulated: readonly number[];
  readonly simulated: readonly number[];
}

export class Side {
  readonly id: string;
  readonly session: Session<number, ChainState>;
  readonly recorder: Recorder<number, ChainState>;
  /** Input packets that were sent, not yet delivered, the oldest first. */
  readonly sent: Uint8Array[] = [];
  readonly control: Uint8Array[] = [];
  now = 0;

  constructor(id: string, nonce: number, play: Partial<PlayOptions<number>>) {
    this.id = id;
    this.session = new Session<number, ChainState>({ input: buttons, gameId: 'test@1', players: 2, ...play, self: id, nonce });
    this.recorder = new Recorder(chainGame(), () => -1);
  }

  receive(from: Side, packets: readonly Uint8Array[]): void {
    for (const bytes of packets) this.session.receive(from.id, bytes, this.now);
  }

  /** One whole tick. @param between Called when the packets have been taken and no operation yet. */
  tick(input: number, between: () => void = () => undefined): Ticked {
    this.now += TICK_MS;
    const said = this.session.begin(this.now);
    if (said === 'sample') for (const slot of this.session.locals) this.session.input(slot, input);
    this.send();
    between();
    return { said, ...this.perform() };
  }

  send(): void {
    for (let packet = this.session.transmit(); packet !== undefined; packet = this.session.transmit()) {
      (packet.channel === 'input' ? this.sent : this.control).push(new Uint8Array(packet.bytes));
    }
  }

  perform(): Omit<Ticked, 'said'> {
    const loads: number[] = [];
    const resimulated: number[] = [];
    const simulated: number[] = [];
    const note = (op: Op<number, ChainState>): void => {
      if (op.kind === 'load') loads.push(op.state.frame);
      if (op.kind === 'advance') (op.step.resimulating ? resimulated : simulated).push(op.step.frame);
    };
    void perform(this.recorder, {
      op: () => {
        const op = this.session.op();
        if (op !== undefined) note(op);
        return op;
      },
    });
    return { loads, resimulated, simulated };
  }
}

/** Two sessions that have just agreed to start. */
export function startedDuo(play: Partial<PlayOptions<number>>, playB: Partial<PlayOptions<number>> = play): { a: Side; b: Side } {
  const { a, b } = unstartedDuo(play, playB);
  exchangeControl(a, b);
  return { a, b };
}

/** Two sessions whose link is up, and nothing has been said. */
export function unstartedDuo(play: Partial<PlayOptions<number>>, playB: Partial<PlayOptions<number>> = play): { a: Side; b: Side } {
  const a = new Side('a', 11, play);
  const b = new Side('b', 22, playB);
  a.session.connect('b');
  b.session.connect('a');
  return { a, b };
}

/** Delivers messages of the control channel both ways until there are no more. */
export function exchangeControl(a: Side, b: Side): void {
  for (;;) {
    a.send();
    b.send();
    const [fromA, fromB] = [a.control.splice(0), b.control.splice(0)];
    if (fromA.length + fromB.length === 0) return;
    b.receive(a, fromA);
    a.receive(b, fromB);
  }
}

/** The content of an input packet of a match of two with one slot each. */
export function contentOf(bytes: Uint8Array): InputPacket & { readonly inputs: readonly number[] } {
  const packet = createInputPacket(1, 1);
  const bad = decodeInputPacket(new Msgpack(), bytes, 1, packet);
  if (bad !== null) throw new Error(`not an input packet: ${bad}`);
  return { ...packet, inputs: [...packet.words.subarray(0, packet.count)] };
}
