// A duel of two: run, jump, shoot. Integers only and no randomness but its own, so that it is the same on every machine.
// The whole state is one Int32Array: saving is a copy, loading is a copy, and the checksum is a hash of its bytes.
import { type Game, defineInput, hashBytes } from 'rollwire';

/** 16 buttons: as the bits of a pad, so that recorded players can play it. */
export const input = defineInput({ pad: 'u16' });
export type Input = { pad: number };

export const BUTTON = { right: 1, left: 2, up: 4, down: 8, shoot: 0x100, dash: 0x200, jump: 0x800 } as const;

// All lengths are in 1/256 of a pixel, all speeds in that per frame.
const UNIT = 256;
export const ARENA = { width: 640 * UNIT, height: 360 * UNIT };
const BODY = 12 * UNIT;
const WALK = 3 * UNIT;
const DASH = 9 * UNIT;
const JUMP = -9 * UNIT;
const GRAVITY = UNIT / 2;
const BULLET = 10 * UNIT;
const BULLETS = 8;
const RELOAD = 20;

// Where things stand in the state.
const PLAYER = { x: 0, y: 1, vx: 2, vy: 3, facing: 4, health: 5, wins: 6, reload: 7, held: 8, size: 9 } as const;
const SHOT = { owner: 0, x: 1, y: 2, v: 3, size: 4 } as const;
const FRAME = 0;
const RANDOM = 1;
const PLAYERS = 2;
const SHOTS = PLAYERS + 2 * PLAYER.size;
const SIZE = SHOTS + BULLETS * SHOT.size;

export interface Duel extends Game<Input, Int32Array> {
  readonly state: Int32Array;
  /** The number of the frame that comes next. */
  readonly frame: number;
  /** A number that is equal for equal states. */
  readonly hash: number;
  wins(player: number): number;
}

export function createDuel(seed = 1): Duel {
  const s = new Int32Array(SIZE);
  s[RANDOM] = seed | 1;
  for (let p = 0; p < 2; p++) spawn(s, p);
  return {
    state: s,
    get frame() {
      return s[FRAME]!;
    },
    get hash() {
      return hash(s);
    },
    wins: (player) => s[at(player) + PLAYER.wins]!,
    advance: (inputs, { status }) => {
      for (let p = 0; p < 2; p++) movePlayer(s, p, status[p] === 'absent' ? 0 : inputs[p]!.pad);
      for (let b = 0; b < BULLETS; b++) moveShot(s, b);
      s[FRAME]!++;
    },
    save: (reuse) => {
      const copy = reuse ?? new Int32Array(SIZE);
      copy.set(s);
      return copy;
    },
    load: (saved) => s.set(saved),
    checksum: hash,
  };
}

function hash(s: Int32Array): number {
  return hashBytes(new Uint8Array(s.buffer, s.byteOffset, s.byteLength));
}

function at(player: number): number {
  return PLAYERS + player * PLAYER.size;
}

/** xorshift32 (Marsaglia): the state's own random numbers, so that they are rolled back with it. */
function random(s: Int32Array): number {
  let x = s[RANDOM]!;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  s[RANDOM] = x;
  return x >>> 0;
}

function spawn(s: Int32Array, p: number): void {
  const i = at(p);
  s[i + PLAYER.x] = p === 0 ? ARENA.width >> 2 : ARENA.width - (ARENA.width >> 2);
  s[i + PLAYER.x]! += (random(s) % (64 * UNIT)) - 32 * UNIT;
  s[i + PLAYER.y] = 0;
  s[i + PLAYER.vx] = 0;
  s[i + PLAYER.vy] = 0;
  s[i + PLAYER.facing] = p === 0 ? 1 : -1;
  s[i + PLAYER.health] = 5;
}

function movePlayer(s: Int32Array, p: number, pad: number): void {
  const i = at(p);
  const pressed = pad & ~s[i + PLAYER.held]!;
  s[i + PLAYER.held] = pad;
  const direction = (pad & BUTTON.right ? 1 : 0) - (pad & BUTTON.left ? 1 : 0);
  if (direction !== 0) s[i + PLAYER.facing] = direction;
  const onGround = s[i + PLAYER.y]! >= ARENA.height - BODY;
  if (pressed & BUTTON.dash) s[i + PLAYER.vx] = s[i + PLAYER.facing]! * DASH;
  else s[i + PLAYER.vx] = (s[i + PLAYER.vx]! * 3 + direction * WALK) >> 2;
  if (pressed & (BUTTON.jump | BUTTON.up) && onGround) s[i + PLAYER.vy] = JUMP;
  else s[i + PLAYER.vy]! += pad & BUTTON.down ? GRAVITY * 2 : GRAVITY;
  s[i + PLAYER.x] = clamp(s[i + PLAYER.x]! + s[i + PLAYER.vx]!, BODY, ARENA.width - BODY);
  s[i + PLAYER.y] = clamp(s[i + PLAYER.y]! + s[i + PLAYER.vy]!, 0, ARENA.height - BODY);
  if (s[i + PLAYER.y] === ARENA.height - BODY) s[i + PLAYER.vy] = 0;
  if (s[i + PLAYER.reload]! > 0) s[i + PLAYER.reload]!--;
  else if (pressed & BUTTON.shoot) shoot(s, p);
}

function shoot(s: Int32Array, p: number): void {
  for (let b = 0; b < BULLETS; b++) {
    const shot = SHOTS + b * SHOT.size;
    if (s[shot + SHOT.v] !== 0) continue;
    s[shot + SHOT.owner] = p;
    s[shot + SHOT.x] = s[at(p) + PLAYER.x]!;
    s[shot + SHOT.y] = s[at(p) + PLAYER.y]!;
    s[shot + SHOT.v] = s[at(p) + PLAYER.facing]! * BULLET;
    s[at(p) + PLAYER.reload] = RELOAD;
    return;
  }
}

function moveShot(s: Int32Array, b: number): void {
  const shot = SHOTS + b * SHOT.size;
  if (s[shot + SHOT.v] === 0) return;
  s[shot + SHOT.x]! += s[shot + SHOT.v]!;
  const other = 1 - s[shot + SHOT.owner]!;
  const i = at(other);
  const hit = Math.abs(s[shot + SHOT.x]! - s[i + PLAYER.x]!) < BODY + BULLET / 2 && Math.abs(s[shot + SHOT.y]! - s[i + PLAYER.y]!) < BODY;
  if (hit && --s[i + PLAYER.health]! <= 0) {
    s[at(1 - other) + PLAYER.wins]!++;
    spawn(s, 0);
    spawn(s, 1);
  }
  if (hit || s[shot + SHOT.x]! < 0 || s[shot + SHOT.x]! > ARENA.width) s[shot + SHOT.v] = 0;
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}
