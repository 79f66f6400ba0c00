// joinMatch: from a room's name to a running match, or an error that says at which stage it ended and what to do.
import { DEFAULTS } from '../core/defaults.js';
import { NetError, requireInteger } from '../core/errors.js';
import type { PeerId } from '../core/peer.js';
import { checkPolicy } from '../link/link-options.js';
import type { RtcConstructor } from '../link/rtc.js';
import type { Signal } from '../negotiation/signal.js';
import type { SessionEvent } from '../session/events.js';
import { settingsFrom } from '../session/options.js';
import { Session } from '../session/p2p.js';
import type { SignalingHandlers, SignalingRoom } from '../signaling/interface.js';
import { Match } from './match.js';
import { Mesh } from './mesh.js';
import type { MatchOptions, Progress } from './options.js';
import { systemClock, systemRandom } from './system.js';

/**
 * Joins the room, connects to everyone in it, agrees on the start. Resolves once the match has begun on all peers.
 * @throws NetError (as a rejection, at the latest after `connectLimitMs`) whose code names the stage that failed.
 */
export async function joinMatch<I, S>(options: MatchOptions<I, S>): Promise<Match<I, S>> {
  const attempt = new Attempt(options);
  try {
    return await attempt.run();
  } catch (error) {
    attempt.release();
    throw error;
  }
}

/** How long after the limit a link that is not up may still take to say why. */
const GRACE_MS = 50;

/** Characters of an unknown message that the timeline shows: enough to recognise what sends it. */
const MAX_UNKNOWN_TEXT = 120;

/** One call of joinMatch. */
class Attempt<I, S> {
  readonly #options: MatchOptions<I, S>;
  readonly #rtc: RtcConstructor;
  readonly #clock;
  readonly #random;
  readonly #limitMs: number;
  readonly #startedAt: number;
  readonly #timeline: Progress[] = [];
  readonly #abort = new AbortController();
  /** What signaling tells before the session exists, in order. */
  readonly #early: (() => void)[] = [];
  #room: SignalingRoom | undefined;
  #mesh: Mesh<I, S> | undefined;
  #match: Match<I, S> | undefined;
  #stopLimit = (): void => {};
  #settle: { resolve(match: Match<I, S>): void; reject(error: unknown): void } | undefined;

  constructor(options: MatchOptions<I, S>) {
    this.#options = options;
    this.#rtc = options.rtc ?? environmentRtc();
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#limitMs = options.connectLimitMs ?? DEFAULTS.connectLimitMs;
    // All options are checked before anybody else can see us.
    requireInteger('connectLimitMs', this.#limitMs, 1, 3_600_000);
    settingsFrom({ ...options, self: 'self', nonce: 0 });
    if (options.channel !== undefined) checkPolicy(options.channel);
    this.#startedAt = this.#clock.now();
  }

  run(): Promise<Match<I, S>> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      const { signal } = this.#options;
      const abort = (): void => this.#fail(new NetError('aborted', { why: String(signal?.reason ?? 'aborted') }));
      if (signal?.aborted === true) return abort();
      signal?.addEventListener('abort', abort, { signal: this.#abort.signal });
      this.#stopLimit = this.#clock.after(this.#limitMs, () => this.#limit());
      this.#join().catch((error: unknown) => this.#fail(error));
    });
  }

  /** Gives everything back. */
  release(): void {
    this.#stopLimit();
    this.#abort.abort();
    this.#mesh?.close('gave up');
    this.#room?.close();
  }

  async #join(): Promise<void> {
    const { signaling, room: name, players } = this.#options;
    this.#progress('signaling', `joining room "${name}"`);
    const seen: PeerId[] = [];
    const room = await signaling.join(name, this.#handlers(seen), this.#abort.signal);
    if (this.#settle === undefined) return room.close();
    this.#room = room;
    this.#progress('room', `in the room as ${room.self}, with ${seen.length === 0 ? 'nobody else' : seen.join(', ')}`);
    if (seen.length >= players) throw new NetError('room-full', { room: name, players });
    const { game } = this.#options;
    const session = new Session<I, S>({
      ...this.#options,
      self: room.self,
      nonce: this.#random(),
      ...(game.checksum === undefined ? {} : { checksum: (state: S) => game.checksum!(state) }),
    });
    this.#mesh = new Mesh({
      match: this.#options,
      session,
      room,
      rtc: this.#rtc,
      clock: this.#clock,
      random: this.#random,
      limitAt: this.#startedAt + this.#limitMs,
      progress: (stage, text, peer) => this.#progress(stage, text, peer),
      received: () => this.#match?.received(),
      event: (event) => this.#event(event, session),
      failed: (error) => this.#fail(error),
    });
    for (const event of this.#early.splice(0)) event();
  }

  /** Signaling may speak before `join` has resolved: what it says waits until there is a mesh. */
  #handlers(seen: PeerId[]): SignalingHandlers {
    const later = (event: () => void): void => {
      if (this.#mesh === undefined) this.#early.push(event);
      else event();
    };
    return {
      peer: (id) => {
        if (this.#room === undefined) seen.push(id);
        later(() => {
          this.#progress('peer', 'is in the room', id);
          if (this.#mesh?.add(id) === false) this.#progress('peer', 'has no place in this match', id);
        });
      },
      gone: (id) => later(() => this.#mesh?.remove(id)),
      signal: (from: PeerId, signal: Signal) => later(() => this.#mesh?.signal(from, signal)),
      status: (state, reason) => {
        const text = `signaling is ${state}${reason === undefined ? '' : `: ${reason}`}`;
        this.#progress(this.#stage(), text);
        // Links that are up do not need it any more.
        if (state === 'closed' && this.#waitsForSignaling()) {
          this.#fail(new NetError('signaling-lost', { stage: this.#stage(), cause: reason ?? 'closed' }));
        }
      },
      unknown: (message) => this.#progress(this.#stage(), `signaling brought something unknown: ${asText(message)}`),
    };
  }

  #waitsForSignaling(): boolean {
    const mesh = this.#mesh;
    return mesh === undefined || mesh.peers.length < this.#options.players - 1 || mesh.connecting !== undefined;
  }

  #event(event: SessionEvent, session: Session<I, S>): void {
    if (this.#match !== undefined) return this.#match.emit(event);
    if (event.type === 'started') this.#started(session);
    else if (event.type === 'ended') this.#fail(event.error ?? new NetError('aborted', { why: 'the session ended' }));
  }

  #started(session: Session<I, S>): void {
    this.#progress('start', `everyone has agreed to start; seed ${session.seed}`);
    this.#stopLimit();
    const room = this.#room!;
    this.#match = new Match({
      self: room.self,
      session,
      mesh: this.#mesh!,
      game: this.#options.game,
      clock: this.#clock,
      fps: this.#options.fps ?? DEFAULTS.fps,
      timeline: this.#timeline,
      release: () => {
        this.#abort.abort();
        room.close();
      },
    });
    this.#settle?.resolve(this.#match);
    this.#settle = undefined;
  }

  #fail(error: unknown): void {
    this.#settle?.reject(error);
    this.#settle = undefined;
  }

  /** The time is up, and no link has said why. */
  #limit(): void {
    const { room, players } = this.#options;
    const limitMs = this.#limitMs;
    const mesh = this.#mesh;
    if (mesh === undefined) {
      return this.#fail(new NetError('signaling-lost', { stage: this.#stage(), cause: `joining the room took longer than ${limitMs} ms` }));
    }
    if (mesh.peers.length < players - 1) {
      return this.#fail(mesh.lastFailure ?? new NetError('no-peer', { room, present: mesh.peers.length + 1, players, limitMs }));
    }
    // A link that is not up ends by its own limit, at the same time, and knows better why. Should it go away instead, we are here again.
    if (mesh.connecting !== undefined) {
      this.#stopLimit = this.#clock.after(GRACE_MS, () => this.#limit());
      return;
    }
    const unheard = mesh.unheard[0];
    if (unheard !== undefined) return this.#fail(new NetError('no-handshake', { peer: unheard, limitMs }));
    this.#fail(new NetError('no-start', { peer: mesh.peers[0]!, limitMs }));
  }

  #stage(): Progress['stage'] {
    return this.#timeline.at(-1)?.stage ?? 'signaling';
  }

  /** Notes a step. The timeline tells how the match came about: once it has started, it is complete. */
  #progress(stage: Progress['stage'], text: string, peer?: PeerId): void {
    if (this.#match !== undefined) return;
    const atMs = this.#clock.now() - this.#startedAt;
    const progress: Progress = { stage, atMs, text, ...(peer === undefined ? {} : { peer }) };
    this.#timeline.push(progress);
    try {
      this.#options.onProgress?.(progress);
    } catch (error) {
      this.#fail(error);
    }
  }
}

/** A stranger's value, which may be one that JSON cannot express, as a short text. */
function asText(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, MAX_UNKNOWN_TEXT);
  } catch {
    return `no JSON (${typeof value})`;
  }
}

function environmentRtc(): RtcConstructor {
  if (typeof RTCPeerConnection === 'undefined') throw new NetError('no-rtc', {});
  return RTCPeerConnection;
}
