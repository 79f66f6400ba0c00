// What reaches peers and belongs to no honest match: changed inputs, packets of another match on the same link, and junk.
import { createRng } from '../core/rng.js';
import { createInputPacket, decodeInputPacket, InputPacketWriter } from '../wire/input-packet.js';
import { Msgpack } from '../wire/msgpack.js';
import { JUNK } from './oracle.js';
import type { Schedule } from './schedule.js';
import type { Simulation } from './simulation.js';
import type { Labelled } from './watched-game.js';

type ScheduleSimulation = Simulation<number, Labelled<number>>;

/** Lets in what a schedule says. */
export function letIn(schedule: Schedule, simulation: ScheduleSimulation): void {
  const { plant, strayMs, junkMs } = schedule;
  if (plant?.kind === 'inputs') forgeInputs(schedule, simulation);
  if (strayMs !== undefined) sendStrays(strayMs, schedule, simulation);
  if (junkMs !== undefined) sendJunk(junkMs, schedule, simulation);
}

/** Changes one input on its way to one peer, in every packet that holds it: well-formed, and wrong. */
function forgeInputs(schedule: Schedule, simulation: ScheduleSimulation): void {
  const { plant, words } = schedule;
  const { frame, peer } = plant!;
  const msgpack = new Msgpack();
  for (const network of simulation.networks) {
    const send = network.send.bind(network);
    network.send = (from, to, bytes) => {
      if (to !== `peer-${peer}` || bytes[0] === JUNK) return send(from, to, bytes);
      const columns = schedule.peers[Number(from.slice('peer-'.length))]!.locals * words;
      const packet = createInputPacket(schedule.peers.length - 1, columns);
      if (decodeInputPacket(msgpack, bytes, columns, packet) !== null || frame < packet.first || frame >= packet.first + packet.count) {
        return send(from, to, bytes);
      }
      packet.words[(frame - packet.first) * columns]! ^= 1;
      return send(
        from,
        to,
        new InputPacketWriter(msgpack, columns).encode(packet, (f, c) => packet.words[(f - packet.first) * columns + c]!),
      );
    };
  }
}

/** Sends packets again as if they belonged to another match: of another epoch, and with other inputs. */
function sendStrays(everyMs: number, schedule: Schedule, simulation: ScheduleSimulation): void {
  const { network, clock } = simulation;
  const send = network.send.bind(network);
  const msgpack = new Msgpack();
  let sentAt = 0;
  network.send = (from, to, bytes) => {
    send(from, to, bytes);
    if (bytes[0] === JUNK || clock.now() - sentAt < everyMs) return;
    sentAt = clock.now();
    const columns = schedule.peers[Number(from.slice('peer-'.length))]!.locals * schedule.words;
    const packet = createInputPacket(schedule.peers.length - 1, columns);
    if (decodeInputPacket(msgpack, bytes, columns, packet) !== null) return;
    packet.epoch = 1;
    const { first, count, words } = packet;
    // One frame further, so that it would be new.
    words.copyWithin(columns, 0, count * columns);
    send(
      from,
      to,
      new InputPacketWriter(msgpack, columns).encode(
        { ...packet, count: Math.min(count + 1, words.length / columns) },
        (f, c) => words[(f - first) * columns + c]! ^ 1,
      ),
    );
  };
}

function sendJunk(everyMs: number, schedule: Schedule, simulation: ScheduleSimulation): void {
  const rng = createRng(schedule.seed, 'junk');
  const ids = simulation.peers.map(({ id }) => id);
  const again = (): void => {
    const junk = Uint8Array.from({ length: 1 + (rng.u32() % 40) }, (_, i) => (i === 0 ? JUNK : rng.u32() & 0xff));
    const to = rng.u32() % ids.length;
    simulation.network.send(rng() < 0.3 ? 'a stranger' : ids[(to + 1) % ids.length]!, ids[to]!, junk);
    simulation.clock.after(everyMs, again);
  };
  simulation.clock.after(everyMs, again);
}
