// Adapters with one thing wrong each, and the clause of the contract that the fault breaks.
import type { Signal } from '../../src/negotiation/signal.js';
import type { ContractWorld } from '../../src/signaling/contract.js';
import type { Signaling, SignalingHandlers, SignalingRoom } from '../../src/signaling/interface.js';
import { memorySignaling } from '../../src/signaling/memory.js';

interface Joined {
  readonly self: string;
  readonly on: SignalingHandlers;
}

/** What a fault may change of one join. Everything left out behaves as it should. */
export interface Fault {
  readonly name: string;
  /** The clause of which at least one check must fail. */
  readonly clause: number;
  readonly roomName?: (room: string) => string;
  readonly abort?: (signal: AbortSignal | undefined) => AbortSignal | undefined;
  /** Made once for each join; `self` is known when signals arrive. */
  readonly handlers?: (on: SignalingHandlers, self: () => string) => SignalingHandlers;
  /** `world`: everyone who has joined so far, this one included. */
  readonly room?: (room: SignalingRoom, on: SignalingHandlers, world: readonly Joined[]) => SignalingRoom;
  readonly join?: (join: () => Promise<SignalingRoom>, on: SignalingHandlers, signal: AbortSignal | undefined) => Promise<SignalingRoom>;
  readonly cut?: (room: SignalingRoom, on: SignalingHandlers) => void;
}

/** A sound adapter with connections that can be cut. */
export const NO_FAULT: Fault = { name: 'none', clause: 0 };

function cutWith(fault: Fault, room: SignalingRoom, on: SignalingHandlers): void {
  if (fault.cut !== undefined) return fault.cut(room, on);
  room.close();
  queueMicrotask(() => on.status('closed', 'cut'));
}

/** Peers that meet in memory, with connections that can be cut, and one thing wrong with each adapter. */
export async function faultyWorld(fault: Fault): Promise<ContractWorld> {
  const inner = memorySignaling();
  const cuts = new Map<string, () => void>();
  const joined: Joined[] = [];
  const signaling: Signaling = {
    async join(name, on, signal) {
      let self = '';
      const handlers = fault.handlers?.(on, () => self) ?? on;
      const join = (): Promise<SignalingRoom> =>
        inner.join(fault.roomName?.(name) ?? name, handlers, fault.abort === undefined ? signal : fault.abort(signal));
      const sound = await (fault.join?.(join, handlers, signal) ?? join());
      self = sound.self;
      cuts.set(self, () => cutWith(fault, sound, on));
      joined.push({ self, on });
      return fault.room?.(sound, on, joined) ?? sound;
    },
  };
  return { signaling: () => signaling, close: async () => undefined, cut: (self) => cuts.get(self)?.() };
}

/** Handlers that differ in one or two calls. */
function changed(on: SignalingHandlers, change: Partial<SignalingHandlers>): SignalingHandlers {
  return {
    peer: (id) => on.peer(id),
    gone: (id) => on.gone(id),
    signal: (from, signal) => on.signal(from, signal),
    status: (state, reason) => on.status(state, reason),
    unknown: (message) => on.unknown(message),
    ...change,
  };
}

const isTest = (signal: Signal): boolean => !signal.attempt.startsWith('contract-fence-');

export const FAULTS: readonly Fault[] = [
  {
    name: 'reports those who were there only after join resolved',
    clause: 1,
    handlers: (on) => changed(on, { peer: (id) => void setTimeout(() => on.peer(id), 1) }),
  },
  {
    name: 'reports those who were there in the wrong order',
    clause: 1,
    handlers(on) {
      const held: string[] = [];
      return changed(on, {
        peer(id) {
          if (held.push(id) === 1)
            queueMicrotask(() =>
              held
                .splice(0)
                .reverse()
                .forEach((each) => on.peer(each)),
            );
        },
      });
    },
    // The held ones come before the promise resolves.
    join: async (join) => {
      const room = await join();
      await Promise.resolve();
      return room;
    },
  },
  { name: 'reports peers twice', clause: 1, handlers: (on) => changed(on, { peer: (id) => (on.peer(id), on.peer(id)) }) },
  {
    name: 'reports self',
    clause: 1,
    join: async (join, on) => {
      const room = await join();
      on.peer(room.self);
      return room;
    },
  },
  {
    name: 'does not report those who come later',
    clause: 1,
    handlers: (on, self) => changed(on, { peer: (id) => (self() === '' ? on.peer(id) : undefined) }),
  },
  { name: 'gives everyone the same id', clause: 2, room: (room) => ({ ...room, self: 'everyone' }) },
  {
    name: 'changes the id',
    clause: 2,
    room(room) {
      let self = room.self;
      return {
        get self() {
          return self;
        },
        send(to, signal) {
          self = 'another';
          room.send(to, signal);
        },
        close: room.close,
      };
    },
  },
  {
    name: 'loses a signal',
    clause: 3,
    room(room) {
      let sent = 0;
      return { ...room, send: (to, signal) => (isTest(signal) && ++sent === 5 ? undefined : room.send(to, signal)) };
    },
  },
  {
    name: 'loses the first signal to whoever was there before',
    clause: 3,
    handlers(on, self) {
      const before = new Set<string>();
      return changed(on, {
        peer: (id) => (self() === '' ? before.add(id) : undefined, on.peer(id)),
        signal: (from, signal) => (isTest(signal) && before.delete(from) ? undefined : on.signal(from, signal)),
      });
    },
  },
  { name: 'doubles signals', clause: 3, room: (room) => ({ ...room, send: (to, s) => (room.send(to, s), room.send(to, s)) }) },
  {
    name: 'swaps neighbours',
    clause: 3,
    room(room) {
      let held: (() => void) | undefined;
      return {
        ...room,
        send(to, signal) {
          if (isTest(signal) && held === undefined) {
            held = () => room.send(to, signal);
            return;
          }
          room.send(to, signal);
          held?.();
          held = undefined;
        },
      };
    },
  },
  {
    name: 'changes line ends',
    clause: 3,
    room: (room) => ({
      ...room,
      send: (to, s) => room.send(to, s.kind === 'description' ? { ...s, sdp: s.sdp.replaceAll('\r\n', '\n') } : s),
    }),
  },
  {
    name: 'forgets which connection a signal is for',
    clause: 3,
    room: (room) => ({ ...room, send: (to, s) => room.send(to, { ...s, connection: undefined } as unknown as Signal) }),
  },
  { name: 'names the wrong sender', clause: 3, handlers: (on) => changed(on, { signal: (_from, s) => on.signal('peer-1', s) }) },
  {
    name: 'sends to everyone',
    clause: 3,
    room: (room, _on, world) => ({
      ...room,
      send(to, signal) {
        room.send(to, signal);
        for (const { self, on } of world) if (self !== to && self !== room.self && isTest(signal)) on.signal(room.self, signal);
      },
    }),
  },
  {
    name: 'throws for an unknown id',
    clause: 4,
    room: (room) => ({
      ...room,
      send(to, signal) {
        if (!to.startsWith('peer-')) throw new RangeError('unknown peer');
        room.send(to, signal);
      },
    }),
  },
  {
    name: 'reports an error status for a peer that has left',
    clause: 4,
    room(room, on) {
      return { ...room, send: (to, signal) => (to === 'peer-1' ? on.status('offline', 'not delivered') : room.send(to, signal)) };
    },
  },
  { name: 'does not report gone', clause: 5, handlers: (on) => changed(on, { gone: () => undefined }) },
  { name: 'reports gone twice', clause: 5, handlers: (on) => changed(on, { gone: (id) => (on.gone(id), on.gone(id)) }) },
  { name: 'does not see a lost connection', clause: 5, cut: (_room, on) => on.status('closed', 'cut') },
  {
    name: 'does not report whoever comes after someone has left',
    clause: 5,
    handlers(on) {
      let someoneLeft = false;
      return changed(on, { peer: (id) => (someoneLeft ? undefined : on.peer(id)), gone: (id) => ((someoneLeft = true), on.gone(id)) });
    },
  },
  { name: 'has one room for all names', clause: 6, roomName: () => 'the one' },
  {
    name: 'calls handlers after close',
    clause: 7,
    room: (room, on) => ({ ...room, close: () => (room.close(), queueMicrotask(() => on.gone('peer-2'))) }),
  },
  {
    name: 'delivers what was queued after a close inside a handler',
    clause: 7,
    handlers(on) {
      const queue: (() => void)[] = [];
      return changed(on, {
        signal(from, signal) {
          if (queue.push(() => on.signal(from, signal)) === 3) queue.splice(0).forEach((deliver) => deliver());
          else if (!isTest(signal)) queue.splice(0).forEach((deliver) => deliver());
        },
      });
    },
  },
  {
    name: 'throws on the second close',
    clause: 8,
    room(room) {
      let closed = false;
      return {
        ...room,
        close() {
          if (closed) throw new Error('already closed');
          closed = true;
          room.close();
        },
      };
    },
  },
  {
    name: "calls status('closed') for its own close",
    clause: 8,
    room: (room, on) => ({ ...room, close: () => (room.close(), on.status('closed', 'by yourself')) }),
  },
  { name: 'stays in the room after close', clause: 8, room: (room) => ({ ...room, close: () => undefined }) },
  { name: 'ignores an aborted signal', clause: 9, abort: () => undefined },
  {
    name: 'rejects with an error of its own',
    clause: 9,
    join: async (join) =>
      join().catch((error: unknown) => {
        throw new Error('aborted', { cause: error });
      }),
  },
  {
    name: 'rejects, but stays in the room',
    clause: 9,
    abort: () => undefined,
    join: async (join, _on, signal) => {
      const room = await join();
      signal?.throwIfAborted();
      return room;
    },
  },
  {
    name: 'leaves the room when the signal is aborted later',
    clause: 9,
    join: async (join, _on, signal) => {
      const room = await join();
      signal?.addEventListener('abort', () => room.close());
      return room;
    },
  },
  { name: 'drops unknown signals', clause: 10, handlers: (on) => changed(on, { unknown: () => undefined }) },
  {
    name: 'takes unknown signals for signals',
    clause: 10,
    handlers: (on) => changed(on, { unknown: (message) => on.signal('peer-1', message as Signal) }),
  },
  {
    name: 'throws when sending after close',
    clause: 11,
    room(room) {
      let closed = false;
      return {
        self: room.self,
        send(to, signal) {
          if (closed) throw new Error('closed');
          room.send(to, signal);
        },
        close() {
          closed = true;
          room.close();
        },
      };
    },
  },
  { name: 'does not tell that its own connection is lost', clause: 11, cut: (room) => room.close() },
];
