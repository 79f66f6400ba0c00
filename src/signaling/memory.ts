// Signaling inside one process: peers that join through the same object find each other.
// No network, no failures of its own: for tests, rigs and two players in one page.
import { NetError } from '../core/errors.js';
import { parseSignal, type PeerId } from '../negotiation/signal.js';
import type { Signaling, SignalingHandlers, SignalingRoom } from './interface.js';

export interface MemorySignalingOptions {
  /** Names the next peer that joins. Default: 'peer-1', 'peer-2', … in the order of joining. Ids in a room must differ. */
  readonly nextId?: () => PeerId;
}

interface Member {
  readonly id: PeerId;
  readonly on: SignalingHandlers;
  open: boolean;
}

/**
 * Rooms that live in the returned object. Every event is delivered in a microtask of its own, all in the order in which
 * they were caused; signals arrive as copies, so that peers share no objects.
 */
export function memorySignaling(options: MemorySignalingOptions = {}): Signaling {
  let joined = 0;
  const nextId = options.nextId ?? (() => `peer-${++joined}`);
  const rooms = new Map<string, Map<PeerId, Member>>();

  return {
    async join(room, on, signal) {
      // A caller may still abort between the call and the first await.
      await Promise.resolve();
      refuseAborted(signal);
      const members = rooms.get(room) ?? new Map<PeerId, Member>();
      const id = nextId();
      if (members.has(id)) throw new NetError('bad-option', { option: 'nextId', got: id, expected: 'an id that nobody in the room has' });
      const member: Member = { id, on, open: true };
      const before = [...members.values()];
      members.set(id, member);
      rooms.set(room, members);
      const leave = (): void => {
        if (!member.open) return;
        member.open = false;
        members.delete(id);
        if (members.size === 0) rooms.delete(room);
        for (const other of members.values()) deliver(other, () => other.on.gone(id));
      };
      for (const other of before) deliver(other, () => other.on.peer(id));
      try {
        for (const other of before) {
          on.peer(other.id);
          refuseAborted(signal);
        }
      } catch (error) {
        leave();
        throw error;
      }
      return enteredRoom(member, members, leave);
    },
  };
}

function enteredRoom(member: Member, members: ReadonlyMap<PeerId, Member>, leave: () => void): SignalingRoom {
  return {
    self: member.id,
    send(to, signal) {
      const other = to === member.id ? undefined : members.get(to);
      if (!member.open || other === undefined) return;
      let copy: unknown;
      try {
        copy = structuredClone(signal);
      } catch {
        deliver(member, () => member.on.unknown(signal));
        return;
      }
      const parsed = parseSignal(copy);
      deliver(other, () => (parsed === null ? other.on.unknown(copy) : other.on.signal(member.id, parsed)));
    },
    close: leave,
  };
}

function deliver(member: Member, event: () => void): void {
  queueMicrotask(() => {
    if (member.open) event();
  });
}

function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new NetError('aborted', { why: 'joining was aborted' });
}
