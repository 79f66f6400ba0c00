// What the checks of the contract stand on: peers that note every event, waits that end with an event or a sentence, comparisons.
import type { PeerId, Signal } from '../negotiation/signal.js';
import type { Signaling, SignalingHandlers, SignalingRoom } from './interface.js';

/** A place where fresh adapters find each other, made for one check. */
export interface ContractWorld {
  /** An adapter for one more peer. All of one world must meet in rooms of the same name. */
  signaling(): Signaling;
  /** Releases the world: servers, databases. The suite has closed all rooms before. */
  close(): Promise<void>;
  /** Loses the connection of the peer with this id without a goodbye. Needed unless the suite is told `withoutCut`. */
  cut?(self: PeerId): void;
}

/** Notes what an adapter says to one peer. */
export class Observer implements SignalingHandlers {
  /** Everything that was said, in order, as short texts for error messages. */
  readonly log: string[] = [];
  /** Every id given to `peer`, in order. */
  readonly reported: PeerId[] = [];
  /** Every id given to `gone`, in order. */
  readonly gones: PeerId[] = [];
  /** Every signal but those of `ContractScene.talk`, in order. */
  readonly signals: { readonly from: PeerId; readonly signal: Signal }[] = [];
  readonly statuses: string[] = [];
  readonly unknowns: unknown[] = [];
  /** Called with each signal, before it is noted as arrived. */
  onSignal: ((signal: Signal) => void) | undefined;
  readonly #limitMs: number;
  readonly #fences = new Set<string>();
  readonly #waiting = new Set<() => void>();

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  // Fields, so that an adapter may take the handlers out of their object.
  readonly peer = (id: PeerId): void => {
    this.reported.push(id);
    this.#note(`peer ${id}`);
  };
  readonly gone = (id: PeerId): void => {
    this.gones.push(id);
    this.#note(`gone ${id}`);
  };
  readonly signal = (from: PeerId, signal: Signal): void => {
    if (isFence(signal)) this.#fences.add(`${from} ${signal.attempt}`);
    else this.signals.push({ from, signal });
    this.onSignal?.(signal);
    this.#note(`signal ${signal.attempt} from ${from}`);
  };
  readonly status = (state: string): void => {
    this.statuses.push(state);
    this.#note(`status ${state}`);
  };
  readonly unknown = (message: unknown): void => {
    this.unknowns.push(message);
    this.#note('unknown');
  };

  /** The attempts of the signals from one peer, in the order of arrival. */
  attemptsFrom(from: PeerId): string[] {
    return this.signals.filter((one) => one.from === from).map((one) => one.signal.attempt);
  }

  /** Those who are in the room by what was reported. */
  present(): PeerId[] {
    const present: PeerId[] = [];
    for (const id of new Set(this.reported)) {
      if (count(this.reported, id) > count(this.gones, id)) present.push(id);
    }
    return present;
  }

  untilPresent(ids: readonly PeerId[]): Promise<void> {
    const wanted = sorted(ids).join();
    return this.until(`the peers [${ids.join(', ')}] and no others in the room`, () => sorted(this.present()).join() === wanted);
  }

  untilFence(from: PeerId, attempt: string): Promise<void> {
    return this.until(`signal ${attempt} from ${from}`, () => this.#fences.has(`${from} ${attempt}`));
  }

  /** Resolves as soon as an event makes the condition true. */
  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return;
    let check = (): void => undefined;
    const happened = new Promise<void>((resolve) => {
      check = () => {
        if (condition()) resolve();
      };
    });
    this.#waiting.add(check);
    try {
      await within(this.#limitMs, happened, () => `${what} did not come; seen so far: ${this.log.join(', ') || 'nothing'}`);
    } finally {
      this.#waiting.delete(check);
    }
  }

  #note(event: string): void {
    this.log.push(event);
    for (const check of this.#waiting) check();
  }
}

/** One peer of a check. */
export interface Player {
  readonly self: PeerId;
  readonly room: SignalingRoom;
  readonly seen: Observer;
}

/** The peers of one check. */
export class ContractScene {
  readonly world: ContractWorld;
  readonly #limitMs: number;
  readonly #rooms: SignalingRoom[] = [];
  #fences = 0;

  constructor(world: ContractWorld, limitMs: number) {
    this.world = world;
    this.#limitMs = limitMs;
  }

  observer(): Observer {
    return new Observer(this.#limitMs);
  }

  /** Bounds a promise of the adapter. */
  within<T>(promise: Promise<T>, what: string): Promise<T> {
    return within(this.#limitMs, promise, () => `${what} did not come to an end`);
  }

  async join(name = 'contract', signal?: AbortSignal): Promise<Player> {
    const seen = this.observer();
    const room = await this.within(this.world.signaling().join(name, seen, signal), `joining room "${name}"`);
    this.#rooms.push(room);
    return { self: room.self, room, seen };
  }

  /** Two peers, joined one after the other, who see each other. */
  async two(name?: string): Promise<readonly [Player, Player]> {
    const players = [await this.join(name), await this.join(name)] as const;
    await this.acquaint(players);
    return players;
  }

  /** Like `two`. */
  async three(): Promise<readonly [Player, Player, Player]> {
    const players = [await this.join(), await this.join(), await this.join()] as const;
    await this.acquaint(players);
    return players;
  }

  /** Loses a peer's connection. */
  cut(player: Player): void {
    if (this.world.cut === undefined) throw new Error('this world cannot lose a connection: give it a `cut`, or the suite `withoutCut`');
    this.world.cut(player.self);
  }

  /** Waits until each of these sees the others and nobody else. */
  async acquaint(players: readonly Player[]): Promise<void> {
    for (const player of players) await player.seen.untilPresent(idsOf(players, player));
  }

  /** A signal of no meaning, sent and arrived: what was caused before has most likely arrived too. */
  async talk(from: Player, to: Player): Promise<void> {
    const attempt = `${FENCE}${++this.#fences}`;
    from.room.send(to.self, { attempt, kind: 'bye', reason: 'for the contract suite' });
    await to.seen.untilFence(from.self, attempt);
  }

  /** Everyone talks to everyone. */
  async settle(players: readonly Player[]): Promise<void> {
    for (const from of players) {
      for (const to of players) if (from !== to) await this.talk(from, to);
    }
  }

  async close(): Promise<void> {
    for (const room of this.#rooms) {
      try {
        room.close();
      } catch {
        // The check of clause 8 has a closing that throws for its subject.
      }
    }
    await this.world.close();
  }
}

/** One check of the suite. Throws an Error with a sentence about what was seen. */
export interface Check {
  readonly clause: number;
  /** It loses a connection. */
  readonly cuts?: true;
  readonly name: string;
  readonly check: (scene: ContractScene) => Promise<void>;
}

/** Each of two players as the one who sends. */
export function bothWays([first, second]: readonly [Player, Player]): readonly (readonly [Player, Player])[] {
  return [
    [first, second],
    [second, first],
  ];
}

/** The ids of all players but one. */
export function idsOf(players: readonly Player[], but?: Player): PeerId[] {
  return players.filter((player) => player !== but).map((player) => player.self);
}

export function sorted(ids: readonly PeerId[]): PeerId[] {
  return [...ids].sort();
}

export function count<T>(list: readonly T[], value: T): number {
  return list.filter((one) => one === value).length;
}

export function bye(attempt: string): Signal {
  return { attempt, kind: 'bye', reason: 'contract' };
}

export function expect(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(sentence);
}

export function expectSame(what: string, actual: unknown, expected: unknown): void {
  const [seen, wanted] = [canonical(actual), canonical(expected)];
  if (seen !== wanted) throw new Error(`${what}: ${seen.slice(0, 500)} instead of ${wanted.slice(0, 500)}`);
}

export function expectNoThrow(what: string, call: () => void): void {
  try {
    call();
  } catch (error) {
    throw new Error(`${what} threw ${String(error)}`, { cause: error });
  }
}

const FENCE = 'contract-fence-';

function isFence(signal: Signal): boolean {
  return signal.attempt.startsWith(FENCE);
}

async function within<T>(limitMs: number, promise: Promise<T>, sentence: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${sentence()} (within ${limitMs} ms)`)), limitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** JSON with sorted keys: the order of keys has no meaning. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    const byKey = new Map<string, unknown>(Object.entries(part));
    return Object.fromEntries(sorted([...byKey.keys()]).map((key) => [key, byKey.get(key)]));
  });
}
